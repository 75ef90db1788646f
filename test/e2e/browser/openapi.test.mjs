// Validates the API description that the dispatcher serves against the OpenAPI specification.
import assert from 'node:assert/strict';
import {after, test} from 'node:test';

import {Validator} from '@seriousme/openapi-schema-validator';

import {Programs} from './programs.mjs';

const programs = new Programs();
after(() => programs.stop());

test('the API description is valid OpenAPI 3.1', async () => {
  const site = await programs.startDispatcher([]);
  const answer = await fetch(new URL('api/openapi.json', site));
  assert.equal(answer.status, 200);
  const validator = new Validator();
  const {valid, errors} = await validator.validate(await answer.json());
  assert.ok(valid, JSON.stringify(errors, null, 1));
  assert.equal(validator.version, '3.1');
});
