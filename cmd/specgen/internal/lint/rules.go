package lint

// A reporter records one breach at a line.
type reporter func(line int, format string, args ...any)

// A rule has the name that findings carry. It reports what is wrong and what
// to do about it, and names the place by its path.
type rule struct {
	name  string
	check func(*document, reporter)
}

// rules is every check there is: a rule that is not here does not run.
var rules = []rule{
	// The file as YAML.
	{"duplicate-key", duplicateKey},
	{"no-go-extension", noGoExtension},

	// The file as OpenAPI.
	{"openapi-version", openapiVersion},
	{"openapi", openapiValid},
	{"schema-cycle", schemaCycle},
	{"unknown-key", unknownKey},
	{"ref-siblings", refSiblings},
	{"unused-component", unusedComponent},

	// Words for two kinds of readers.
	{"title-missing", titleMissing},
	{"title-language", titleLanguage},
	{"description-missing", descriptionMissing},
	{"description-language", descriptionLanguage},

	// Schemas that generate good code.
	{"inline-object", inlineObject},
	{"string-max-length", stringMaxLength},
	{"integer-format", integerFormat},
	{"unprinted", unprinted},
	{"amount-unit", amountUnit},
	{"pattern-anchored", patternAnchored},
	{"array-items", arrayItems},
	{"array-of-strings", arrayOfStrings},
	{"enum-ascii", enumASCII},
	{"list-object", listObject},

	// What internal/codegen generates.
	{"generated-schema", generatedSchema},
	{"generated-parameter", generatedParameter},
	{"generated-operation", generatedOperation},
	{"generated-names", generatedNames},
	{"callback-once", callbackOnce},

	// Operations.
	{"operation-id", operationID},
	{"external-docs", externalDocs},
	{"no-content", noContent},
	{"error-responses", errorResponses},
	{"examples", hasExamples},
	{"example", exampleValid},
	{"order-stages", orderStages},
	{"reentry", reentry},
	{"path-parameter", pathParameter},

	// What only the contract knows of errors, events and texts.
	{"error-catalogue", errorCatalogue},
	{"error-known", errorKnown},
	{"event-resources", eventResources},
	{"text", textRule},
}
