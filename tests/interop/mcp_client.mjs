// A client with the TypeScript SDK 1.x or 2.x: PACKAGE PROGRAM ERA PERSON.

import { execFileSync } from 'node:child_process'
import { open } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [name, program, era, person] = process.argv.slice(2)
const isOld = name === '@modelcontextprotocol/sdk'
const require = createRequire(`${process.env.NODE_PATH}/x.js`)
const load = (module) => import(pathToFileURL(require.resolve(module)))
const { Client } = await load(isOld ? `${name}/client/index.js` : name)
const { StdioClientTransport } = await load(isOld ? `${name}/client/stdio.js` : `${name}/stdio`)

const resource = ['arn:aws:s3:::alpha/*']
const shell = (script, allow) => ({ name: 'run', arguments: { command: ['sh', '-c', script], allow: [allow], resource, reason: 'interop' } })
const code = (result) => (result.isError ? 'refused' : result.structuredContent.exit_code)
const options = { timeout: 110_000 }

const capabilities = person === 'none' ? {} : { elicitation: { form: {} } }
const negotiation = isOld || era === 'legacy' ? {} : { versionNegotiation: { mode: { pin: era } } }
const client = new Client({ name: 'interop', version: '1' }, { capabilities, ...negotiation })
if (person !== 'none') {
  const answer = async () => (person === 'yes' ? { action: 'accept', content: { approve: true } } : { action: 'decline' })
  const method = isOld ? (await load(`${name}/types.js`)).ElicitRequestSchema : 'elicitation/create'
  client.setRequestHandler(method, answer)
}
await client.connect(new StdioClientTransport({ command: program, args: ['mcp'], env: process.env }))

// The old SDK takes a schema for results in second place.
const call = (params, more = options) => (isOld ? client.callTool(params, undefined, more) : client.callTool(params, more))

const { tools } = await client.listTools()
console.log('tools', tools.filter((tool) => tool.outputSchema).length)
const plan = await call({ name: 'plan', arguments: { allow: ['s3:GetObject'], resource } })
console.log('plan', plan.structuredContent.permissions[0].action)
console.log('run', code(await call(shell('aws s3api head-object --bucket alpha --key hello.txt >/dev/null', 's3:GetObject'))))
const big = await call(shell('yes 0123456789 | head -c 100000000', 's3:GetObject'))
console.log('big', big.structuredContent.stdout.bytes)
try {
  await call({ name: 'nothing', arguments: {} })
} catch {
  console.log('unknown refused')
}

const fifo = `${process.env.HOME}/alive`
execFileSync('mkfifo', [fifo])
const abort = new AbortController()
const script = `exec 3>${fifo}; (sleep 1000; true) & echo started >&3; wait; sleep 1000`
const hanging = call(shell(script, 's3:GetObject'), { ...options, signal: abort.signal }).catch(() => 'cancelled')
const alive = await open(fifo)
const { bytesRead } = await alive.read(Buffer.alloc(64))
if (bytesRead !== 'started\n'.length) throw new Error('it has not started')
abort.abort()
while ((await alive.read(Buffer.alloc(64))).bytesRead) {}
console.log(await hanging, 'gone')
console.log('write', code(await call(shell('aws s3api put-object --bucket alpha --key interop >/dev/null', 's3:PutObject'))))
await client.close()
