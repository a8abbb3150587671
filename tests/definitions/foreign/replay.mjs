// Replays recorded runs of one machine on the npm engine aws-local-stepfunctions, which nobody here wrote.
//
// stdin: {definition, runs: [job, ...]} as Recording.job() makes them; stdout: a list of outcomes, one per run.
// Waits and retry delays are nothing. Every Task is answered by the recorded nth answer of its state, or, inside a
// Map, by the answer that was recorded for the same payload. A question that was not recorded ends the run as
// DIVERGED. PILOTLIGHT_NODE_MODULES names the folder that the engine is installed in.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const engine = join(process.env.PILOTLIGHT_NODE_MODULES, 'aws-local-stepfunctions', 'build', 'main.node.esm.js');
const { StateMachine } = await import(pathToFileURL(engine));

const { definition, runs } = JSON.parse(readFileSync(0, 'utf8'));
const states = Object.fromEntries(everyState(definition));
const machine = new StateMachine(withoutPatience(definition));
const outcomes = [];
for (const run of runs) outcomes.push(await replay(run));
process.stdout.write(JSON.stringify(outcomes), () => process.exit(0));

function* everyState(graph) {
  for (const [name, state] of Object.entries(graph.States)) {
    yield [name, state];
    for (const branch of state.Branches ?? []) yield* everyState(branch);
    if (state.ItemProcessor) yield* everyState(state.ItemProcessor);
  }
}

async function replay(run) {
  const asked = {};
  let diverged;
  const divergence = new Promise((_, reject) => { diverged = reject; });
  const handlers = {};
  for (const [name, state] of Object.entries(states)) {
    if (state.Type === 'Task') handlers[name] = (input) => answer(run, name, input.Payload ?? {}, asked, diverged);
  }
  const counts = Object.fromEntries(Object.keys(states).map((name) => [name, { entered: 0, retried: 0, caught: 0, exited: 0 }]));
  const execution = machine.run(run.input, {
    overrides: {
      taskResourceLocalHandlers: handlers,
      waitTimeOverrides: Object.fromEntries(Object.keys(states).map((name) => [name, 0])),
      retryIntervalOverrides: Object.fromEntries(Object.keys(states).map((name) => [name, 0])),
    },
    context: {
      Execution: { Id: run.arn, Name: run.name },
      StateMachine: { Id: run.arn.replace(':execution:', ':stateMachine:').replace(/:[^:]*$/, ''), Name: run.machine },
      Task: { Token: run.token },
    },
  });
  const counted = count(execution.eventLogs, counts);
  const end = await Promise.race([execution.result, divergence]).then(
    (output) => ({ status: 'SUCCEEDED', output, error: '', cause: '' }),
    (failure) => failed(failure),
  );
  if (end.status !== 'DIVERGED') await counted;
  for (const [name, count] of Object.entries(counts)) {
    const works = ['Parallel', 'Map'].includes(states[name].Type);
    count.attempted = works ? count.entered + count.retried : (asked[name] ?? []).length;
  }
  return { ...end, counts, asked };
}

function answer(run, name, payload, asked, diverged) {
  const all = run.attempts.filter((attempt) => attempt.state === name);
  const key = canonical(payload);
  const nth = (asked[name] ??= []).push(payload) - 1;
  const earlier = asked[name].slice(0, -1).filter((known) => canonical(known) === key).length;
  const same = all.filter((attempt) => canonical(attempt.payload) === key);
  const recorded = run.by_payload.includes(name) ? same[earlier] : all[nth];
  if (recorded === undefined && !run.cut_short.includes(name)) diverged({ diverged: `'${name}' was asked a question that was not recorded: ${key}` });
  if (recorded === undefined || !recorded.answered) return new Promise(() => {});
  if (recorded.error === null) return recorded.result;
  throw Object.assign(new Error(recorded.cause), { name: recorded.error });
}

// JSON with its keys in order, so that equal documents are equal strings.
function canonical(document) {
  return JSON.stringify(document, (_, value) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value);
}

async function count(events, counts) {
  const counted = { StateEntered: 'entered', StateRetried: 'retried', StateCaught: 'caught', StateExited: 'exited' };
  for await (const event of events) {
    if (event.type in counted) counts[event.state.name][counted[event.type]] += 1;
  }
}

function failed(failure) {
  if (failure.diverged) return { status: 'DIVERGED', output: null, error: 'Diverged', cause: failure.diverged };
  const cause = failure.cause ?? failure;
  return { status: 'FAILED', output: null, error: cause.name, cause: cause.message };
}

// The recording ended by itself, so its own limit plays no part; left in, its timer would keep the process alive.
function withoutPatience({ TimeoutSeconds, ...rest }) {
  return rest;
}
