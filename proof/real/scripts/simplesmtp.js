// `simplesmtp.js PORT FOLDER`: simplesmtp as it is by default, which keeps each message as a file of the folder. But for
// STARTTLS, which needs a Node older than 12 and ends the process in any other.
const fs = require('fs')
const path = require('path')
const simplesmtp = require('simplesmtp')

const [port, folder] = process.argv.slice(2)
let number = 0

const server = simplesmtp.createServer({ name: 'simplesmtp.test', disableDNSValidation: true, disableSTARTTLS: true })

server.on('startData', envelope => {
  envelope.name = ++number
  envelope.file = fs.createWriteStream(path.join(folder, `.unfinished-${envelope.name}`))
})
server.on('data', (envelope, chunk) => envelope.file.write(chunk))
server.on('dataReady', (envelope, done) => {
  envelope.file.end()
  envelope.file.on('finish', () => {
    const kept = path.join(folder, `${envelope.name}.eml`)
    fs.rename(envelope.file.path, kept, error => done(error, String(envelope.name)))
  })
})
server.listen(Number(port), '127.0.0.1')
