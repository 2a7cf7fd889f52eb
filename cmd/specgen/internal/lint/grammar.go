package lint

// A kind is a type of object of the OpenAPI 3.0 standard.
type kind string

const (
	kindDocument       kind = "document"
	kindInfo           kind = "info"
	kindContact        kind = "contact"
	kindLicense        kind = "license"
	kindServer         kind = "server"
	kindServerVariable kind = "server variable"
	kindComponents     kind = "components"
	kindPaths          kind = "paths"
	kindPathItem       kind = "path item"
	kindOperation      kind = "operation"
	kindExternalDocs   kind = "external documentation"
	kindParameter      kind = "parameter"
	kindRequestBody    kind = "request body"
	kindMediaType      kind = "media type"
	kindEncoding       kind = "encoding"
	kindResponses      kind = "responses"
	kindResponse       kind = "response"
	kindCallback       kind = "callback"
	kindExample        kind = "example"
	kindLink           kind = "link"
	kindHeader         kind = "header"
	kindTag            kind = "tag"
	kindSchema         kind = "schema"
	kindDiscriminator  kind = "discriminator"
	kindXML            kind = "xml"
	kindSecurityScheme kind = "security scheme"
	kindFlows          kind = "oauth flows"
	kindFlow           kind = "oauth flow"
)

// A shape says how a field holds other objects.
type shape int

const (
	leaf  shape = iota // a plain value, not looked into
	one                // one object
	list               // a sequence of objects
	named              // a mapping from names to objects
)

type field struct {
	shape shape
	of    kind
}

// anyKey is the field of a kind whose keys are names chosen by the author.
const anyKey = "*"

// grammar gives the fields of each kind. The walk follows it, so that a key
// "type" inside an example is never taken for a schema's, and a key that it
// does not list is a typing error.
var grammar = map[kind]map[string]field{
	kindDocument: {
		"openapi": {}, "security": {},
		"info": {one, kindInfo}, "servers": {list, kindServer}, "paths": {one, kindPaths},
		"components": {one, kindComponents}, "tags": {list, kindTag}, "externalDocs": {one, kindExternalDocs},
	},
	kindInfo: {
		"title": {}, "description": {}, "termsOfService": {}, "version": {},
		"contact": {one, kindContact}, "license": {one, kindLicense},
	},
	kindContact:        {"name": {}, "url": {}, "email": {}},
	kindLicense:        {"name": {}, "url": {}},
	kindServer:         {"url": {}, "description": {}, "variables": {named, kindServerVariable}},
	kindServerVariable: {"enum": {}, "default": {}, "description": {}},
	kindComponents: {
		"schemas": {named, kindSchema}, "responses": {named, kindResponse}, "parameters": {named, kindParameter},
		"examples": {named, kindExample}, "requestBodies": {named, kindRequestBody}, "headers": {named, kindHeader},
		"securitySchemes": {named, kindSecurityScheme}, "links": {named, kindLink}, "callbacks": {named, kindCallback},
	},
	kindPaths: {anyKey: {one, kindPathItem}},
	kindPathItem: {
		"$ref": {}, "summary": {}, "description": {},
		"get": {one, kindOperation}, "put": {one, kindOperation}, "post": {one, kindOperation},
		"delete": {one, kindOperation}, "options": {one, kindOperation}, "head": {one, kindOperation},
		"patch": {one, kindOperation}, "trace": {one, kindOperation},
		"servers": {list, kindServer}, "parameters": {list, kindParameter},
	},
	kindOperation: {
		"tags": {}, "summary": {}, "description": {}, "operationId": {}, "deprecated": {}, "security": {},
		"externalDocs": {one, kindExternalDocs}, "parameters": {list, kindParameter},
		"requestBody": {one, kindRequestBody}, "responses": {one, kindResponses},
		"callbacks": {named, kindCallback}, "servers": {list, kindServer},
	},
	kindExternalDocs: {"description": {}, "url": {}},
	kindParameter: {
		"name": {}, "in": {}, "description": {}, "required": {}, "deprecated": {}, "allowEmptyValue": {},
		"style": {}, "explode": {}, "allowReserved": {}, "example": {},
		"schema": {one, kindSchema}, "examples": {named, kindExample}, "content": {named, kindMediaType},
	},
	kindRequestBody: {"description": {}, "required": {}, "content": {named, kindMediaType}},
	kindMediaType: {
		"example": {},
		"schema":  {one, kindSchema}, "examples": {named, kindExample}, "encoding": {named, kindEncoding},
	},
	kindEncoding: {
		"contentType": {}, "style": {}, "explode": {}, "allowReserved": {}, "headers": {named, kindHeader},
	},
	kindResponses: {anyKey: {one, kindResponse}},
	kindResponse: {
		"description": {},
		"headers":     {named, kindHeader}, "content": {named, kindMediaType}, "links": {named, kindLink},
	},
	kindCallback: {anyKey: {one, kindPathItem}},
	kindExample:  {"summary": {}, "description": {}, "value": {}, "externalValue": {}},
	kindLink: {
		"operationRef": {}, "operationId": {}, "parameters": {}, "requestBody": {}, "description": {},
		"server": {one, kindServer},
	},
	kindHeader: {
		"description": {}, "required": {}, "deprecated": {}, "allowEmptyValue": {},
		"style": {}, "explode": {}, "allowReserved": {}, "example": {},
		"schema": {one, kindSchema}, "examples": {named, kindExample}, "content": {named, kindMediaType},
	},
	kindTag: {"name": {}, "description": {}, "externalDocs": {one, kindExternalDocs}},
	kindSchema: {
		"title": {}, "multipleOf": {}, "maximum": {}, "exclusiveMaximum": {}, "minimum": {}, "exclusiveMinimum": {},
		"maxLength": {}, "minLength": {}, "pattern": {}, "maxItems": {}, "minItems": {}, "uniqueItems": {},
		"maxProperties": {}, "minProperties": {}, "required": {}, "enum": {}, "type": {}, "description": {},
		"format": {}, "default": {}, "nullable": {}, "readOnly": {}, "writeOnly": {}, "example": {}, "deprecated": {},
		"allOf": {list, kindSchema}, "oneOf": {list, kindSchema}, "anyOf": {list, kindSchema},
		"not": {one, kindSchema}, "items": {one, kindSchema}, "properties": {named, kindSchema},
		"additionalProperties": {one, kindSchema}, "discriminator": {one, kindDiscriminator},
		"xml": {one, kindXML}, "externalDocs": {one, kindExternalDocs},
	},
	kindDiscriminator: {"propertyName": {}, "mapping": {}},
	kindXML:           {"name": {}, "namespace": {}, "prefix": {}, "attribute": {}, "wrapped": {}},
	kindSecurityScheme: {
		"type": {}, "description": {}, "name": {}, "in": {}, "scheme": {}, "bearerFormat": {},
		"openIdConnectUrl": {}, "flows": {one, kindFlows},
	},
	kindFlows: {
		"implicit": {one, kindFlow}, "password": {one, kindFlow},
		"clientCredentials": {one, kindFlow}, "authorizationCode": {one, kindFlow},
	},
	kindFlow: {"authorizationUrl": {}, "tokenUrl": {}, "refreshUrl": {}, "scopes": {}},
}

// referable are the kinds in whose place the standard allows a reference.
// A path item may have one too, but beside other fields, so it is not here.
var referable = map[kind]bool{
	kindSchema: true, kindResponse: true, kindParameter: true, kindExample: true, kindRequestBody: true,
	kindHeader: true, kindSecurityScheme: true, kindLink: true, kindCallback: true,
}
