package contract

// A Kind is a type of object of the OpenAPI 3.0 standard.
type Kind string

const (
	KindDocument       Kind = "document"
	KindInfo           Kind = "info"
	KindContact        Kind = "contact"
	KindLicense        Kind = "license"
	KindServer         Kind = "server"
	KindServerVariable Kind = "server variable"
	KindComponents     Kind = "components"
	KindPaths          Kind = "paths"
	KindPathItem       Kind = "path item"
	KindOperation      Kind = "operation"
	KindExternalDocs   Kind = "external documentation"
	KindParameter      Kind = "parameter"
	KindRequestBody    Kind = "request body"
	KindMediaType      Kind = "media type"
	KindEncoding       Kind = "encoding"
	KindResponses      Kind = "responses"
	KindResponse       Kind = "response"
	KindCallback       Kind = "callback"
	KindExample        Kind = "example"
	KindLink           Kind = "link"
	KindHeader         Kind = "header"
	KindTag            Kind = "tag"
	KindSchema         Kind = "schema"
	KindDiscriminator  Kind = "discriminator"
	KindXML            Kind = "xml"
	KindSecurityScheme Kind = "security scheme"
	KindFlows          Kind = "oauth flows"
	KindFlow           Kind = "oauth flow"
)

// A Shape says how a field holds other objects.
type Shape int

const (
	Leaf  Shape = iota // a plain value, not looked into
	One                // one object
	List               // a sequence of objects
	Named              // a mapping from names to objects
)

// A Field says what a field of an object holds.
type Field struct {
	Shape Shape
	Of    Kind
}

// AnyKey is the field of a kind whose keys are names chosen by the author.
const AnyKey = "*"

// Grammar gives the fields of each kind. The walk follows it, so that a key
// "type" inside an example is never taken for a schema's, and a key that it
// does not list is a typing error.
var Grammar = map[Kind]map[string]Field{
	KindDocument: {
		"openapi": {}, "security": {},
		"info": {One, KindInfo}, "servers": {List, KindServer}, "paths": {One, KindPaths},
		"components": {One, KindComponents}, "tags": {List, KindTag}, "externalDocs": {One, KindExternalDocs},
	},
	KindInfo: {
		"title": {}, "description": {}, "termsOfService": {}, "version": {},
		"contact": {One, KindContact}, "license": {One, KindLicense},
	},
	KindContact:        {"name": {}, "url": {}, "email": {}},
	KindLicense:        {"name": {}, "url": {}},
	KindServer:         {"url": {}, "description": {}, "variables": {Named, KindServerVariable}},
	KindServerVariable: {"enum": {}, "default": {}, "description": {}},
	KindComponents: {
		"schemas": {Named, KindSchema}, "responses": {Named, KindResponse}, "parameters": {Named, KindParameter},
		"examples": {Named, KindExample}, "requestBodies": {Named, KindRequestBody}, "headers": {Named, KindHeader},
		"securitySchemes": {Named, KindSecurityScheme}, "links": {Named, KindLink}, "callbacks": {Named, KindCallback},
	},
	KindPaths: {AnyKey: {One, KindPathItem}},
	KindPathItem: {
		"$ref": {}, "summary": {}, "description": {},
		"get": {One, KindOperation}, "put": {One, KindOperation}, "post": {One, KindOperation},
		"delete": {One, KindOperation}, "options": {One, KindOperation}, "head": {One, KindOperation},
		"patch": {One, KindOperation}, "trace": {One, KindOperation},
		"servers": {List, KindServer}, "parameters": {List, KindParameter},
	},
	KindOperation: {
		"tags": {}, "summary": {}, "description": {}, "operationId": {}, "deprecated": {}, "security": {},
		"externalDocs": {One, KindExternalDocs}, "parameters": {List, KindParameter},
		"requestBody": {One, KindRequestBody}, "responses": {One, KindResponses},
		"callbacks": {Named, KindCallback}, "servers": {List, KindServer},
	},
	KindExternalDocs: {"description": {}, "url": {}},
	KindParameter: {
		"name": {}, "in": {}, "description": {}, "required": {}, "deprecated": {}, "allowEmptyValue": {},
		"style": {}, "explode": {}, "allowReserved": {}, "example": {},
		"schema": {One, KindSchema}, "examples": {Named, KindExample}, "content": {Named, KindMediaType},
	},
	KindRequestBody: {"description": {}, "required": {}, "content": {Named, KindMediaType}},
	KindMediaType: {
		"example": {},
		"schema":  {One, KindSchema}, "examples": {Named, KindExample}, "encoding": {Named, KindEncoding},
	},
	KindEncoding: {
		"contentType": {}, "style": {}, "explode": {}, "allowReserved": {}, "headers": {Named, KindHeader},
	},
	KindResponses: {AnyKey: {One, KindResponse}},
	KindResponse: {
		"description": {},
		"headers":     {Named, KindHeader}, "content": {Named, KindMediaType}, "links": {Named, KindLink},
	},
	KindCallback: {AnyKey: {One, KindPathItem}},
	KindExample:  {"summary": {}, "description": {}, "value": {}, "externalValue": {}},
	KindLink: {
		"operationRef": {}, "operationId": {}, "parameters": {}, "requestBody": {}, "description": {},
		"server": {One, KindServer},
	},
	KindHeader: {
		"description": {}, "required": {}, "deprecated": {}, "allowEmptyValue": {},
		"style": {}, "explode": {}, "allowReserved": {}, "example": {},
		"schema": {One, KindSchema}, "examples": {Named, KindExample}, "content": {Named, KindMediaType},
	},
	KindTag: {"name": {}, "description": {}, "externalDocs": {One, KindExternalDocs}},
	KindSchema: {
		"title": {}, "multipleOf": {}, "maximum": {}, "exclusiveMaximum": {}, "minimum": {}, "exclusiveMinimum": {},
		"maxLength": {}, "minLength": {}, "pattern": {}, "maxItems": {}, "minItems": {}, "uniqueItems": {},
		"maxProperties": {}, "minProperties": {}, "required": {}, "enum": {}, "type": {}, "description": {},
		"format": {}, "default": {}, "nullable": {}, "readOnly": {}, "writeOnly": {}, "example": {}, "deprecated": {},
		"allOf": {List, KindSchema}, "oneOf": {List, KindSchema}, "anyOf": {List, KindSchema},
		"not": {One, KindSchema}, "items": {One, KindSchema}, "properties": {Named, KindSchema},
		"additionalProperties": {One, KindSchema}, "discriminator": {One, KindDiscriminator},
		"xml": {One, KindXML}, "externalDocs": {One, KindExternalDocs},
	},
	KindDiscriminator: {"propertyName": {}, "mapping": {}},
	KindXML:           {"name": {}, "namespace": {}, "prefix": {}, "attribute": {}, "wrapped": {}},
	KindSecurityScheme: {
		"type": {}, "description": {}, "name": {}, "in": {}, "scheme": {}, "bearerFormat": {},
		"openIdConnectUrl": {}, "flows": {One, KindFlows},
	},
	KindFlows: {
		"implicit": {One, KindFlow}, "password": {One, KindFlow},
		"clientCredentials": {One, KindFlow}, "authorizationCode": {One, KindFlow},
	},
	KindFlow: {"authorizationUrl": {}, "tokenUrl": {}, "refreshUrl": {}, "scopes": {}},
}

// Referable are the kinds in whose place the standard allows a reference.
// A path item may have one too, but beside other fields, so it is not here.
var Referable = map[Kind]bool{
	KindSchema: true, KindResponse: true, KindParameter: true, KindExample: true, KindRequestBody: true,
	KindHeader: true, KindSecurityScheme: true, KindLink: true, KindCallback: true,
}
