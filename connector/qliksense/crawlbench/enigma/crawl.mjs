// Reads what a catalog has of each app with enigma.js, in the way its documentation shows: a session and
// an open for each app, lists by session objects, each object by its handle and its properties. With together,
// all objects of an app are asked for at once; atATime apps are read at a time. Apps are opened without their
// data, which the documentation's examples don't do.
import {answer, another, login, logout, session, task} from './site.mjs'

const title = {title: '/qMetaDef/title'}
const lists = {
  sheet: {qAppObjectListDef: {qType: 'sheet', qData: title}},
  masterobject: {qAppObjectListDef: {qType: 'masterobject', qData: title}},
  dimension: {qDimensionListDef: {qType: 'dimension', qData: title}},
  measure: {qMeasureListDef: {qType: 'measure', qData: title}},
  variable: {qVariableListDef: {qType: 'variable', qShowReserved: false, qShowConfig: false, qData: {tags: '/tags'}}},
}
const items = (l) => (l.qAppObjectList ?? l.qDimensionList ?? l.qMeasureList ?? l.qVariableList).qItems ?? []

// each calls read for all of a list: together, or one after the other.
async function each(list, read) {
  if (task.together) return (await Promise.all(list.map(read))).reduce((a, b) => a + b, 0)
  let sum = 0
  for (const item of list) sum += await read(item)
  return sum
}

async function readList(doc, name) {
  const list = await doc.createSessionObject({qInfo: {qType: `${name}List`}, ...lists[name]})
  return items(await list.getLayout())
}

// readObject reads an object and all below it, and gives how many there are.
async function readObject(doc, id) {
  const object = await doc.getObject(id)
  await object.getProperties()
  const children = await object.getChildInfos()
  return 1 + await each(children, (child) => readObject(doc, child.qId))
}

async function readItem(handle) {
  await (await handle).getProperties()
  return 1
}

async function readApp(way, app) {
  const s = session({cookie: way.cookie, csrf: await another(way.cookie), app, identity: `walk-${app}`})
  const global = await s.open()
  const doc = await global.openDoc({qDocName: app, qNoData: true})
  const found = {}
  await each(Object.keys(lists), async (name) => ((found[name] = await readList(doc, name)), 0))
  let objects = await each([...found.sheet, ...found.masterobject], (o) => readObject(doc, o.qInfo.qId))
  objects += await each(found.dimension, (d) => readItem(doc.getDimension(d.qInfo.qId)))
  objects += await each(found.measure, (m) => readItem(doc.getMeasure(m.qInfo.qId)))
  await doc.getScript()
  await s.close()
  return objects + found.variable.length + 1 // its list holds all of a variable
}

await answer(async () => {
  const began = performance.now()
  const way = await login()
  const first = session({...way, app: 'engineData', identity: 'list'})
  const docs = await (await first.open()).getDocList()
  await first.close()
  let objects = 0
  const queue = docs.map((d) => d.qDocId)
  await Promise.all(Array.from({length: task.atATime}, async () => {
    for (let app = queue.shift(); app; app = queue.shift()) {
      const read = await readApp(way, app)
      objects += read // apart: others add meanwhile
    }
  }))
  await logout(way.cookie)
  return {apps: docs.length, objects, seconds: (performance.now() - began) / 1000}
})
