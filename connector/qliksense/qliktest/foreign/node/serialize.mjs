// serializeapp: reads a whole app into one document, over the Engine's own port.
import {createRequire} from 'node:module'
import {answer, session, task} from './site.mjs'

const serialize = createRequire(import.meta.url)('serializeapp')

await answer(async () => {
  const s = session({user: task.user, path: `/app/${task.app}`})
  const doc = await (await s.open()).openDoc({qDocName: task.app, qNoData: true})
  const app = await serialize(doc)
  await s.close()
  return app
})
