// `smtp_server.js PORT FOLDER`: Nodemailer's smtp-server, which keeps each message as a file of the folder.
const fs = require('fs')
const path = require('path')
const { SMTPServer } = require('smtp-server')

const [port, folder] = process.argv.slice(2)
let number = 0

const server = new SMTPServer({
  name: 'smtp-server.test',
  authOptional: true,
  disabledCommands: ['AUTH'],
  disableReverseLookup: true,
  maxClients: 1000,
  onData(stream, session, done) {
    const unfinished = path.join(folder, `.unfinished-${++number}`)
    const kept = path.join(folder, `${number}.eml`)
    const file = stream.pipe(fs.createWriteStream(unfinished))
    file.on('finish', () => fs.rename(unfinished, kept, error => done(error)))
  }
})

server.on('error', error => console.error(String(error)))
server.server.listen({ port: Number(port), host: '127.0.0.1', backlog: 1000 })
