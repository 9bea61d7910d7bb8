// Reads all of an app without its data with enigma.js, in the way its documentation shows: lists
// by session objects, each object with its properties, layout and property tree.
import {answer, greetings, login, logout, session, task} from './site.mjs'

const titled = {title: '/qMetaDef/title', description: '/qMetaDef/description'}
const lists = {
  sheet: {qAppObjectListDef: {qType: 'sheet', qData: {...titled, cells: '/cells', rank: '/rank', labelExpression: '/labelExpression', showCondition: '/showCondition', thumbnail: '/thumbnail'}}},
  masterobject: {qAppObjectListDef: {qType: 'masterobject', qData: {...titled, visualization: '/visualization', tags: '/qMetaDef/tags'}}},
  story: {qAppObjectListDef: {qType: 'story', qData: titled}},
  appprops: {qAppObjectListDef: {qType: 'appprops', qData: {}}},
  LoadModel: {qAppObjectListDef: {qType: 'LoadModel', qData: {}}},
  dimension: {qDimensionListDef: {qType: 'dimension', qData: {title: '/qMetaDef/title', grouping: '/qDim/qGrouping', info: '/qDimInfos'}}},
  measure: {qMeasureListDef: {qType: 'measure', qData: {title: '/qMetaDef/title', expression: '/qMeasure/qDef'}}},
  variable: {qVariableListDef: {qType: 'variable', qShowReserved: true, qShowConfig: true, qData: {tags: '/tags'}}},
  bookmark: {qBookmarkListDef: {qType: 'bookmark', qData: titled}},
}
const items = (layout) =>
  (layout.qAppObjectList ?? layout.qDimensionList ?? layout.qMeasureList ?? layout.qVariableList ?? layout.qBookmarkList).qItems ?? []

async function readLists(doc) {
  const found = {}
  for (const [name, def] of Object.entries(lists)) {
    const list = await doc.createSessionObject({qInfo: {qType: `${name}List`}, ...def})
    found[name] = items(await list.getLayout())
    await doc.destroySessionObject(list.id)
  }
  return found
}

// entity opens one thing of GetAllInfos by the call for its type.
const entity = (doc, {qId, qType}) =>
  qType === 'dimension' ? doc.getDimension(qId) : qType === 'measure' ? doc.getMeasure(qId) : qType === 'bookmark' ? doc.getBookmark(qId) : doc.getObject(qId)

async function readObjects(doc, infos) {
  const out = {properties: {}, layouts: {}, trees: {}, children: {}}
  await Promise.all(infos.map(async (info) => { // all in flight on one socket
    const handle = await entity(doc, info)
    out.properties[info.qId] = await handle.getProperties()
    out.layouts[info.qId] = await handle.getLayout()
    if (handle.getFullPropertyTree && !['dimension', 'measure', 'bookmark'].includes(info.qType)) {
      out.trees[info.qId] = await handle.getFullPropertyTree()
      out.children[info.qId] = (await handle.getChildInfos()).map((c) => c.qId)
    }
  }))
  return out
}

await answer(async () => {
  const way = task.user ? {user: task.user} : await login()
  const s = session({...way, identity: 'foreign-walk'})
  const pushed = greetings(s)
  const global = await s.open()
  const version = await global.engineVersion()
  const user = await global.getAuthenticatedUser()
  const docs = await global.getDocList()
  const doc = await global.openDoc({qDocName: task.app, qNoData: true})
  const again = await global.getActiveDoc()
  const infos = await doc.getAllInfos()
  const found = {
    version: version.qComponentVersion, user, docs: docs.map((d) => d.qDocId), active: again.id, pushed: pushed.map((p) => p.method), infos,
    lists: await readLists(doc),
    ...(await readObjects(doc, infos)),
    variables: {}, appLayout: await doc.getAppLayout(), appProperties: await doc.getAppProperties(),
    objects: await doc.getObjects({qTypes: ['sheet', 'masterobject']}),
    script: (await doc.getScriptEx()).qScript, plainScript: await doc.getScript(),
    lineage: await doc.getLineage(), connections: await doc.getConnections(),
    tables: (await doc.getTablesAndKeys({qcx: 1000, qcy: 1000}, {qcx: 0, qcy: 0}, 30, true, false)).qtr,
  }
  for (const v of found.lists.variable) {
    const byName = await doc.getVariableByName(v.qName)
    const byID = await doc.getVariableById(v.qInfo.qId)
    found.variables[v.qName] = {name: await byName.getProperties(), id: await byID.getProperties(), layout: await byID.getLayout()}
  }
  await s.close()
  if (way.cookie) found.logout = await logout(way.cookie)
  return found
})
