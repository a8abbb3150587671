// Asks the npm asl-validator about each definition on stdin (a list); stdout: for each the list of what it objects to.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.PILOTLIGHT_NODE_MODULES, 'here.cjs'));
const validate = require('asl-validator');

const objections = JSON.parse(readFileSync(0, 'utf8')).map((definition) =>
  validate(definition, { checkPaths: true, checkArn: true }).errors.map(
    (error) => `${error['Error code']}: ${error.Message ?? error.path ?? JSON.stringify(error)}`,
  ),
);
process.stdout.write(JSON.stringify(objections));
