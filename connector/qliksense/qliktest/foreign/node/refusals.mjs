// What enigma.js and ws report when the site refuses them.
import WebSocket from 'ws'
import {another, answer, greetings, login, refusal, session, task} from './site.mjs'

const {info} = task

// upgrade gives the HTTP status with which a WebSocket is refused, 101 if it is not.
function upgrade(query, headers) {
  const url = `${info.url}${info.prefix ? `/${info.prefix}` : ''}/app/engineData${query}`.replace(/^http/, 'ws')
  return new Promise((resolve) => {
    const ws = new WebSocket(url, {headers})
    ws.on('unexpected-response', (_, res) => { resolve(res.statusCode); ws.terminate() })
    ws.on('open', () => { resolve(101); ws.terminate() })
    ws.on('error', () => {})
  })
}

async function crossSite({cookie, csrf}) {
  const Origin = new URL(info.url).origin
  return {
    good: await upgrade(`?qlik-csrf-token=${csrf}`, {Cookie: cookie, Origin}),
    noToken: await upgrade('', {Cookie: cookie, Origin}),
    tokenInHeader: await upgrade('', {Cookie: cookie, Origin, 'qlik-csrf-token': csrf}),
    wrongToken: await upgrade('?qlik-csrf-token=AAAA', {Cookie: cookie, Origin}),
    noOrigin: await upgrade(`?qlik-csrf-token=${csrf}`, {Cookie: cookie}),
    foreignOrigin: await upgrade(`?qlik-csrf-token=${csrf}`, {Cookie: cookie, Origin: 'https://evil.example'}),
  }
}

// pushes gives what a socket is told before it ends.
async function pushes(way) {
  const s = session({...way, app: way.app ?? task.app})
  const pushed = greetings(s)
  s.open().catch(() => {})
  await s.ended()
  return pushed.map((p) => p.method)
}

async function sessionLimit() {
  for (let i = 0; i < info.max_sessions - 1; i++) await login() // one session is there already
  return pushes(await login())
}

async function missing(doc) {
  const out = {}
  for (const call of ['getObject', 'getDimension', 'getMeasure', 'getBookmark', 'getVariableById', 'getVariableByName']) {
    out[call] = await refusal(() => doc[call]('no-such-id'))
  }
  return out
}

// raw sends one request by hand, to see the reply without enigma.js's reading of it.
function raw({cookie, csrf}, request) {
  const url = `${info.url}${info.prefix ? `/${info.prefix}` : ''}/app/${task.app}/identity/raw${Math.random()}?qlik-csrf-token=${csrf}`.replace(/^http/, 'ws')
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, {headers: {Cookie: cookie, Origin: new URL(info.url).origin}})
    const open = {id: 1, handle: -1, method: 'OpenDoc', params: [task.app, '', '', '', true]} // no jsonrpc: G.1
    ws.on('open', () => ws.send(JSON.stringify(open)))
    ws.on('message', (data) => {
      const frame = JSON.parse(data)
      if (frame.id === 1) ws.send(JSON.stringify({id: 2, ...request}))
      if (frame.id === 2) { resolve(frame); ws.close() }
    })
    ws.on('error', reject)
  })
}

await answer(async () => {
  const out = {expired: (await login(task.expired)).status, foreignKey: (await login(task.wrongKey)).status}
  const way = await login()
  out.crossSite = await crossSite(way)
  const fresh = async () => ({cookie: way.cookie, csrf: await another(way.cookie)})

  const s = session({...(await fresh()), identity: 'refusals'})
  const global = await s.open()
  out.noDocYet = await refusal(() => global.getActiveDoc())
  const doc = await global.openDoc({qDocName: task.app, qNoData: true})
  out.openAgain = await refusal(() => global.openDoc({qDocName: task.app, qNoData: true}))
  out.missing = await missing(doc)
  const other = session({...(await fresh()), identity: 'refusals'})
  const pushed = greetings(other)
  out.otherMode = await refusal(async () => (await other.open()).openDoc({qDocName: task.app, qNoData: false}))
  out.attached = pushed.find((p) => p.method === 'OnConnected')?.params.qSessionState
  await other.close()
  await s.close()

  out.nullHandle = await raw(await fresh(), {handle: 1, method: 'GetObject', params: ['no-such-id']})
  out.byName = await raw(await fresh(), {handle: 1, method: 'GetObject', params: {qId: 'no-such-id'}})
  out.wrongHandle = await raw(await fresh(), {handle: 4711, method: 'GetLayout', params: []})
  out.noMethod = await raw(await fresh(), {handle: 1, method: 'NoSuchMethod', params: []})
  out.unknownApp = await pushes({...(await fresh()), app: '00000000-dead-beef-0000-000000000000'})
  out.sessionLimit = await sessionLimit()
  return out
})
