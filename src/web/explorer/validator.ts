// Checks form data against a schema for the form library. Interprets the schema: compiling it, as
// ajv does, needs eval, which the page's policy forbids.
import { Validator, type OutputUnit, type Schema } from '@cfworker/json-schema';
import { toErrorSchema, type RJSFSchema, type RJSFValidationError, type ValidatorType } from '@rjsf/utils';

// These only repeat that an inner error exists, which is reported itself.
const containers = new Set(['properties', 'items', 'prefixItems', 'additionalProperties', 'allOf', '$ref', 'if', 'dependentSchemas']);

const unescaped = (part: string): string => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');

// "#/a/0/b" → ".a[0].b"; a missing property is reported at its own place.
function placeOf(unit: OutputUnit): string {
  const parts = unit.instanceLocation.split('/').slice(1).map(unescaped);
  const missing = unit.keyword === 'required' && /"(.+)"/.exec(unit.error);
  if (missing) parts.push(missing[1]!);
  return parts.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join('');
}

const messageOf = (unit: OutputUnit): string => (unit.keyword === 'required' ? 'is required' : unit.error);

function check(schema: RJSFSchema, data: unknown): OutputUnit[] {
  return new Validator(schema as Schema, '2020-12', false).validate(data === undefined ? {} : data).errors;
}

function errorsOf(schema: RJSFSchema, data: unknown): RJSFValidationError[] {
  return check(schema, data)
    .filter(({ keyword }) => !containers.has(keyword))
    .map((unit) => ({ name: unit.keyword, property: placeOf(unit), message: messageOf(unit), stack: `${placeOf(unit).slice(1)} ${messageOf(unit)}`.trim() }));
}

export const validator: ValidatorType = {
  validateFormData(data, schema) {
    try {
      const errors = errorsOf(schema, data);
      return { errors, errorSchema: toErrorSchema(errors) };
    } catch {
      // An unusable schema: validation is left to the server.
      return { errors: [], errorSchema: {} };
    }
  },
  isValid(schema, data, rootSchema) {
    const { $defs, definitions } = rootSchema;
    try {
      return check({ ...($defs && { $defs }), ...(definitions && { definitions }), ...schema }, data).length === 0;
    } catch {
      return false;
    }
  },
  rawValidation(schema, data) {
    try {
      return { errors: check(schema, data) as never[] };
    } catch (error) {
      return { validationError: error as Error };
    }
  },
};

