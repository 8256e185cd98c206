// An instance metadata service (version 2) on loopback, as much of it as the hosts' scripts ask. A program of its own, so that
// it can run in another network. Argument: JSON of path to value. Prints its port.
import { createServer } from 'node:http';

const values = JSON.parse(process.argv[2]);
const token = 'a-token';

const server = createServer((request, response) => {
  if (request.method === 'PUT' && request.url === '/latest/api/token') {
    response.end(token);
    return;
  }
  const value = values[request.url];
  // Without a token there is no answer, as with http_tokens = required.
  response.statusCode = request.headers['x-aws-ec2-metadata-token'] !== token ? 401 : value === undefined ? 404 : 200;
  response.end(value ?? '');
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
