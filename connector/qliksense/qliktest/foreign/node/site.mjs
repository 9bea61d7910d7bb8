// What all the clients here share: the task on standard input, the result on standard output, ways
// into the site. The site's certificate authority comes through NODE_EXTRA_CA_CERTS.
import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import enigma from 'enigma.js'
import WebSocket from 'ws'

const schema = createRequire(import.meta.url)('enigma.js/schemas/12.2027.0.json')
const xrfkey = '0123456789abcdef'

// task is what the Go test wants: {info, app, …}; info is what `qlikcrawler simulate` prints.
export const task = JSON.parse(readFileSync(0, 'utf8'))
const {info} = task

// answer runs the client and prints what it found. An error of the client is a result as well.
export async function answer(client) {
  const deadline = setTimeout(() => {
    console.error('the client waits for something that never comes')
    process.exit(1)
  }, 90_000)
  try {
    process.stdout.write(JSON.stringify(await client()))
  } catch (err) {
    console.error(err?.stack ?? err)
    process.exit(1) // sockets may still be open
  }
  clearTimeout(deadline)
}

// refusal gives what a client says when it is refused.
export async function refusal(attempt) {
  try {
    await attempt()
    return {ok: true}
  } catch (err) {
    return {code: err.code ?? 0, message: err.message ?? '', parameter: err.parameter ?? ''}
  }
}

const proxy = () => info.url + (info.prefix ? `/${info.prefix}` : '')

// login exchanges the token for a cookie and a CSRF token, as the help pages show it.
export async function login(token = info.token) {
  const res = await fetch(`${proxy()}/qps/csrftoken?xrfkey=${xrfkey}`, {
    headers: {Authorization: `Bearer ${token}`, 'X-Qlik-Xrfkey': xrfkey}, redirect: 'manual',
  })
  const cookie = (res.headers.get('set-cookie') ?? '').split(';')[0]
  return {status: res.status, cookie, csrf: res.headers.get('qlik-csrf-token') ?? ''}
}

// another asks for a further CSRF token in the same session.
export async function another(cookie) {
  const res = await fetch(`${proxy()}/qps/csrftoken?xrfkey=${xrfkey}`, {headers: {Cookie: cookie, 'X-Qlik-Xrfkey': xrfkey}})
  return res.headers.get('qlik-csrf-token')
}

export async function logout(cookie) {
  const res = await fetch(`${proxy()}/qps/user?xrfkey=${xrfkey}`, {
    method: 'DELETE', headers: {Cookie: cookie, 'X-Qlik-Xrfkey': xrfkey}, redirect: 'manual',
  })
  return res.status
}

// session makes an enigma.js session. Through the proxy it needs what login gives; with
// certificates it acts as user.
export function session({app = task.app, identity, cookie, csrf, user, origin, path} = {}) {
  let url = user ? info.engine_url : proxy().replace(/^http/, 'ws')
  url += path ?? `/app/${app}${identity ? `/identity/${identity}` : ''}`
  const options = user
    ? {headers: {'X-Qlik-User': user}, cert: readFileSync(info.client_cert_file), key: readFileSync(info.client_key_file)}
    : {headers: {...(cookie && {Cookie: cookie}), ...(origin !== '' && {Origin: origin ?? new URL(info.url).origin})}}
  if (csrf) url += `?qlik-csrf-token=${csrf}`
  let socket
  const s = enigma.create({schema, url, createSocket: (u) => (socket = new WebSocket(u, options))})
  // enigma.js tells nobody of an end with code 1000; ended does.
  s.ended = () => new Promise((resolve) => socket.on('close', resolve))
  return s
}

// greetings collects what the server pushes.
export function greetings(s) {
  const pushed = []
  s.on('notification:*', (method, params) => pushed.push({method, params}))
  return pushed
}
