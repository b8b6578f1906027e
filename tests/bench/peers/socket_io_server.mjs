// A peer: socket.io as it comes, over WebSocket. What one socket publishes goes to all others.
// Says its port on the first line of standard output.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'] });
io.on('connection', (socket) => {
  socket.on('publish', (text) => socket.broadcast.emit('message', text));
});
http.listen(0, '127.0.0.1', 4096, () => console.log(http.address().port));
