// A peer: the ws package as it comes. What one socket sends goes to all others, as in the package's own example.
// Says its port on the first line of standard output.
import WebSocket, { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 4096, perMessageDeflate: false });
server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const text = data.toString();
    for (const other of server.clients) {
      if (other !== socket && other.readyState === WebSocket.OPEN) other.send(text);
    }
  });
});
