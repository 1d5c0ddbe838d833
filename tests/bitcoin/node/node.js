'use strict';
// A bitcoin node (bcoin) in regtest mode, for tests: its chain is in memory, so that nothing native is needed, and its
// prefixes are those of Bitcoin Core's regtest.
//
//   node node.js PASSWORD     prints the port of its JSON-RPC when it is ready; any user, this password
//
// It ends when its standard input does, so that no test leaves one behind.
const Module = require('module');
const load = Module._load;
Module._load = function (request, parent, isMain) {
  if (request === 'leveldown') return class { };  // only ever asked for; a chain in memory does not use it
  if (request === 'mrmr') return load('mrmr/lib/murmur3-browser.js', parent, isMain);
  return load(request, parent, isMain);
};

const net = require('net');
const networks = require('bcoin/lib/protocol/networks');
Object.assign(networks.regtest.keyPrefix, {
  privkey: 0xef, xpubkey: 0x043587cf, xprivkey: 0x04358394, xpubkey58: 'tpub', xprivkey58: 'tprv',
});
Object.assign(networks.regtest.addressPrefix, { pubkeyhash: 0x6f, scripthash: 0xc4, bech32: 'bcrt' });
const Network = require('bcoin/lib/protocol/network');
Network.set('regtest');

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function main() {
  const port = await freePort();
  const FullNode = require('bcoin/lib/node/fullnode');
  const node = new FullNode({
    network: 'regtest', memory: true, workers: false, listen: false, logConsole: false, logFile: false,
    config: false, argv: false, env: false, httpHost: '127.0.0.1', httpPort: port, apiKey: process.argv[2],
  });
  await node.open();
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
  process.stdout.write(port + '\n');
}

main().catch((error) => {
  console.error(error.stack);
  process.exit(1);
});
