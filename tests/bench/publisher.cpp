#include "tests/bench/publisher.hpp"

#include <utility>
#include <vector>

#include "tests/bench/http_client.hpp"

namespace troupe::bench {

namespace {

std::string mark_text(std::uint64_t mark) {
  std::string out = "@@";
  for (int shift = 60; shift >= 0; shift -= 4) out.push_back("0123456789abcdef"[mark >> shift & 15]);
  return out;
}

// 'around' is what the message needs beside the padding.
std::string padded(const std::string& front, const std::string& back) {
  std::string out = front;
  if (out.size() + back.size() < message_bytes) out.append(message_bytes - back.size() - out.size(), 'x');
  return out + back;
}

class troupe_publisher final : public publisher {
 public:
  troupe_publisher(loop& on, const live_target& to, int in_flight, int batch)
      : target_{to.port, "/api/v2/events", to.key, "application/x-ndjson"},
        batch_(static_cast<std::size_t>(batch)) {
    for (int i = 0; i < in_flight; ++i) clients_.push_back(std::make_unique<http_client>(on, to.port));
    for (auto& c : clients_) free_.push_back(c.get());
  }

  bool can_publish() const override { return !free_.empty(); }
  std::uint64_t refused() const override { return refused_; }
  std::uint64_t held_back() const override { return marks_.size(); }

  void publish(std::uint64_t mark) override {
    body_ +=
        padded(R"({"type":"custom.bench","agent_id":"bench","attributes":{"d":")" + mark_text(mark), "\"}}");
    body_.push_back('\n');
    marks_.push_back(mark);
    if (marks_.size() == batch_) post();
  }

 private:
  void post() {
    auto* with = free_.back();
    free_.pop_back();
    with->send(target_.head(body_.size()), body_,
               [this, with, marks = std::exchange(marks_, {})](const http_answer& a) {
                 free_.push_back(with);
                 if (a.status != 200) refused_ += marks.size();
                 if (a.status == 200 && acknowledged)
                   for (auto m : marks) acknowledged(m);
               });
    body_.clear();
  }

  http_target target_;
  std::size_t batch_;
  std::vector<std::unique_ptr<http_client>> clients_;
  std::vector<http_client*> free_;
  std::vector<std::uint64_t> marks_;
  std::string body_;
  std::uint64_t refused_ = 0;
};

// NATS over its own TCP protocol, as a publishing service would.
class nats_publisher final : public publisher, private byte_stream {
 public:
  nats_publisher(loop& on, std::uint16_t port) : byte_stream(on, port) {
    write("CONNECT {\"verbose\":false}\r\nPING\r\n");
  }
  bool can_publish() const override { return true; }
  bool is_ready() const override { return ready_; }
  void publish(std::uint64_t mark) override {
    auto body = padded(mark_text(mark), "");
    write("PUB bench " + std::to_string(body.size()) + "\r\n" + body + "\r\n");
  }

 private:
  std::size_t received(std::string_view bytes) override {
    if (bytes.find("PONG") != std::string_view::npos) ready_ = true;
    if (bytes.starts_with("PING")) write("PONG\r\n");
    return bytes.size();
  }
  bool ready_ = false;
};

// The node servers send to all others what one socket sends.
class socket_publisher final : public publisher {
 public:
  socket_publisher(loop& on, const live_target& to)
      : socket_(on, to, 1, {}), socket_io_(to.speaks == dialect::socket_io) {}
  bool can_publish() const override { return true; }
  bool is_ready() const override { return socket_.is_ready(); }
  void publish(std::uint64_t mark) override {
    auto front = (socket_io_ ? "42[\"publish\",\"" : "") + mark_text(mark);
    socket_.send_text(padded(front, socket_io_ ? "\"]" : ""));
  }

 private:
  live_socket socket_;
  bool socket_io_;
};

}  // namespace

std::unique_ptr<publisher> make_publisher(loop& on, const live_target& to, std::uint16_t publish_port,
                                          int in_flight, int batch) {
  switch (to.speaks) {
    case dialect::troupe:
    case dialect::troupe_bare: return std::make_unique<troupe_publisher>(on, to, in_flight, batch);
    case dialect::nats: return std::make_unique<nats_publisher>(on, publish_port);
    case dialect::node_ws:
    case dialect::socket_io: return std::make_unique<socket_publisher>(on, to);
  }
  return nullptr;
}

}  // namespace troupe::bench
