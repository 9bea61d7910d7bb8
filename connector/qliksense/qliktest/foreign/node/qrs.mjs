// qrs-interact: a client of the Repository that others wrote, with certificates on its own port or
// with a token through the proxy.
import {createRequire} from 'node:module'
import {answer, task} from './site.mjs'

const QRS = createRequire(import.meta.url)('qrs-interact')
const {info} = task

const direct = () => new QRS({
  hostname: new URL(info.qrs_url).hostname, portNumber: Number(new URL(info.qrs_url).port),
  certificates: {certFile: info.client_cert_file, keyFile: info.client_key_file},
})

const proxied = () => new QRS({
  hostname: new URL(info.url).hostname, portNumber: Number(new URL(info.url).port), virtualProxyPrefix: info.prefix,
  certificates: {certFile: null, keyFile: null},
  headers: {'Content-Type': 'application/json', Authorization: `Bearer ${info.token}`},
})

const columns = (...names) => names.map((name) => ({name, columnType: 'Property', definition: name}))

await answer(async () => {
  const qrs = task.direct ? direct() : proxied()
  const get = async (path) => (await qrs.Get(path)).body
  const failed = async (attempt) => attempt().then(() => '', (err) => String(err.message ?? err))
  const table = await qrs.Post('app/object/table?skip=0&take=1000&sortColumn=id&orderAscending=true', {
    entity: 'App.Object', columns: [...columns('id', 'engineObjectId', 'objectType', 'published', 'approved', 'app.id'),
      {name: 'tags', columnType: 'List', definition: 'tag', list: columns('name')}],
  }, 'json')
  return {
    about: await get('about'),
    count: (await get('app/count')).value,
    apps: await get('app'),
    full: await get('app/full'),
    one: await get(`app/${task.app}`),
    sales: (await get("app?filter=name so 'sales' and published eq true")).map((a) => a.name),
    quoted: (await get(`app?filter=name eq '${task.quoted.replaceAll("'", "''")}'`)).map((a) => a.name),
    tagged: (await get("app?filter=tags.name eq 'GDPR'&orderby=name")).map((a) => a.name),
    hub: await get('app/hublist/full'),
    streams: await get('stream/full'),
    users: await get('user/full'),
    tags: await get('tag'),
    definitions: await get('custompropertydefinition/full'),
    connections: await get('dataconnection/full'),
    tasks: await get('reloadtask/full'),
    objects: await get(`app/object/full?filter=app.id eq ${task.app}`),
    table: {status: table.statusCode, body: table.body},
    missing: await failed(() => qrs.Get('app/00000000-dead-beef-0000-000000000000')),
    badFilter: await failed(() => qrs.Get("app?filter=name eq 'x")),
  }
})
