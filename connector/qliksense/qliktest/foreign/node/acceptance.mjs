// Replays, frame by frame, what two public crawlers do and rely on: OpenMetadata's client on the
// Engine's own port, and the Engine part of Google's connector through the proxy.
import {readFileSync} from 'node:fs'
import WebSocket from 'ws'
import {answer, login, task} from './site.mjs'

const {info} = task

// wire is a WebSocket that keeps every frame it gets.
function wire(url, options) {
  const ws = new WebSocket(url, options)
  const frames = []
  let told = () => {}
  ws.on('message', (data) => { frames.push(JSON.parse(data)); told() })
  const until = async (done) => {
    while (!done()) await new Promise((resolve) => { told = resolve })
  }
  return {
    frames, close: () => ws.close(),
    opened: new Promise((resolve, reject) => { ws.on('open', resolve); ws.on('error', reject) }),
    send: (request) => ws.send(JSON.stringify(request)),
    take: async (n) => { await until(() => frames.length >= n); return frames.splice(0, n) },
    reply: async (id) => { await until(() => frames.some((f) => f.id === id)); return frames.find((f) => f.id === id) },
  }
}

// OpenMetadata sends GetDocList and takes two frames: the greeting and the reply. It takes for
// granted that the app has handle 1, the next object handle 2 and the one after that handle 3.
async function openMetadata() {
  const w = wire(`${info.engine_url}/app/`, {
    headers: {'X-Qlik-User': 'UserDirectory=INTERNAL; UserId=sa_api'},
    cert: readFileSync(info.client_cert_file), key: readFileSync(info.client_key_file),
  })
  await w.opened
  w.send({jsonrpc: '2.0', id: 1, handle: -1, method: 'GetDocList', params: []})
  const [greeting, docs] = await w.take(2)
  w.send({jsonrpc: '2.0', id: 2, handle: -1, method: 'OpenDoc', params: [task.app, '', '', '', true]})
  const [doc] = await w.take(1)
  w.send({jsonrpc: '2.0', id: 3, handle: 1, method: 'CreateSessionObject', params: [{
    qInfo: {qType: 'SheetList'}, qAppObjectListDef: {qType: 'sheet', qData: {title: '/qMetaDef/title', thumbnail: '/thumbnail', cells: '/cells', rank: '/rank'}},
  }]})
  const [list] = await w.take(1)
  w.send({jsonrpc: '2.0', id: 4, handle: 2, method: 'GetLayout', params: []})
  const [layout] = await w.take(1)
  w.send({jsonrpc: '2.0', id: 5, handle: 1, method: 'GetObject', params: ['LoadModel']})
  const [model] = await w.take(1)
  w.send({delta: true, jsonrpc: '2.0', id: 6, handle: 3, method: 'GetLayout', params: []})
  const [delta] = await w.take(1)
  w.close()
  return {
    greeting: greeting.method, docs: docs.result.qDocList.map((d) => d.qDocId),
    handles: [doc, list, model].map((r) => r.result.qReturn.qHandle),
    sheets: layout.result.qLayout.qAppObjectList.qItems.map((s) => s.qInfo.qId),
    delta: delta.delta === true ? delta.result.qLayout[0] : delta.result,
  }
}

// Google's connector leaves out jsonrpc, mixes arrays and objects of parameters, sends many
// requests at once and matches the replies by id.
async function google() {
  const {cookie, csrf} = await login()
  const w = wire(`${info.url}/${info.prefix}/app/${task.app}?Xrfkey=0123456789abcdef&qlik-csrf-token=${csrf}`.replace(/^http/, 'ws'),
    {headers: {Cookie: cookie, 'X-Qlik-Xrfkey': '0123456789abcdef', Origin: info.url, 'User-Agent': 'Windows'}})
  await w.opened
  w.send({id: 1, handle: -1, method: 'OpenDoc', params: {qDocName: task.app, qNoData: true}})
  const handle = (await w.reply(1)).result.qReturn.qHandle
  w.send({id: 2, handle, method: 'CreateSessionObject', params: [{qInfo: {qType: 'DimensionList'}, qDimensionListDef: {qType: 'dimension', qData: {}}}]})
  w.send({id: 3, handle, method: 'CreateSessionObject', params: {qProp: {qInfo: {qType: 'MeasureList'}, qMeasureListDef: {qType: 'measure', qData: {}}}}})
  const layouts = {}
  for (const [id, name] of [[2, 'qDimensionList'], [3, 'qMeasureList']]) {
    w.send({id: id + 2, handle: (await w.reply(id)).result.qReturn.qHandle, method: 'GetLayout', params: {}})
    layouts[name] = (await w.reply(id + 2)).result.qLayout[name].qItems.map((it) => it.qInfo.qId)
  }
  layouts.qDimensionList.forEach((qId, i) => w.send({id: 100 + i, handle, method: 'GetDimension', params: {qId}}))
  const dimensions = []
  for (const i of layouts.qDimensionList.keys()) dimensions.push((await w.reply(100 + i)).result.qReturn.qGenericId)
  w.close()
  return {layouts, dimensions}
}

// The same connector opens this malformed URL without a cookie, to be told where to log in.
async function stranger() {
  const w = wire(`${info.url}/app/?transient=?Xrfkey=0123456789abcdef&reloadUri=${info.url}/dev-hub/engine-api-explorer`.replace(/^http/, 'ws'),
    {headers: {'User-Agent': 'Windows'}})
  await w.opened
  const [told] = await w.take(1)
  w.close()
  return told
}

// After a ping through the proxy no request is answered; on the Engine's own port pings do no harm.
async function ping(url, options) {
  const ws = new WebSocket(url, options)
  await new Promise((resolve, reject) => { ws.on('open', resolve); ws.on('error', reject) })
  ws.ping()
  const answered = new Promise((resolve) => {
    ws.on('message', (data) => { if (JSON.parse(data).id === 1) resolve(true) })
    setTimeout(resolve, 1500, false)
  })
  ws.send(JSON.stringify({id: 1, handle: -1, method: 'EngineVersion', params: []}))
  const yes = await answered
  ws.terminate()
  return yes
}

await answer(async () => {
  const {cookie, csrf} = await login()
  return {
    openMetadata: await openMetadata(),
    google: await google(),
    stranger: await stranger(),
    pingThroughProxy: await ping(`${info.url}/${info.prefix}/app/engineData?qlik-csrf-token=${csrf}`.replace(/^http/, 'ws'), {headers: {Cookie: cookie, Origin: info.url}}),
    pingDirect: await ping(`${info.engine_url}/app/engineData`, {
      headers: {'X-Qlik-User': 'UserDirectory=INTERNAL; UserId=sa_api'}, cert: readFileSync(info.client_cert_file), key: readFileSync(info.client_key_file),
    }),
  }
})
