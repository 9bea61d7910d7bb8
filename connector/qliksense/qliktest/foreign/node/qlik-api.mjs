// Qlik's own client, with the JWT exchanged for a cookie, opened without data as its documentation
// recommends; and its REST calls that exist on client-managed sites.
import {apps, qix} from '@qlik/api'
import {answer, task} from './site.mjs'

const hostConfig = {
  authType: 'windowscookie',
  host: `${task.info.url}/${task.info.prefix}`,
  getAccessToken: async () => task.info.token,
}

await answer(async () => {
  const session = qix.openAppSession({hostConfig, appId: task.app, identity: 'no-data', withoutData: true})
  const app = await session.getDoc()
  const found = {
    sheets: await app.getSheetList(),
    dimensions: await app.getDimensionList(),
    measures: await app.getMeasureList(),
    variables: await app.getVariableList(),
    masters: await app.getMasterObjectList(),
    layout: await app.getAppLayout(),
    trees: {},
  }
  for (const sheet of found.sheets) {
    const object = await app.getObject(sheet.qInfo.qId)
    found.trees[sheet.qInfo.qId] = await object.getFullPropertyTree()
  }
  session.close()
  found.metadata = (await apps.getAppDataMetadata(task.app, {hostConfig})).data
  found.lineage = (await apps.getAppDataLineage(task.app, {hostConfig})).data
  return found
})
