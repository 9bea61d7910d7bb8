// What a user without rights gets: no script, no lineage, no connections, no app.
import {another, answer, login, refusal, session, task} from './site.mjs'

await answer(async () => {
  const way = await login(task.token)
  const s = session({...way, identity: 'rights'})
  const doc = await (await s.open()).openDoc({qDocName: task.app, qNoData: true})
  const out = {
    script: await refusal(() => doc.getScript()),
    lineage: await refusal(() => doc.getLineage()),
    connections: await refusal(() => doc.getConnections()),
    sheets: (await doc.getObjects({qTypes: ['sheet']})).map((o) => o.qInfo.qId),
  }
  await s.close()
  const t = session({cookie: way.cookie, csrf: await another(way.cookie), app: task.sectionApp, identity: 'rights'})
  const global = await t.open()
  out.sectionAccess = await refusal(() => global.openDoc({qDocName: task.sectionApp, qNoData: true}))
  out.docs = (await global.getDocList()).map((d) => d.qDocId)
  await t.close()
  return out
})
