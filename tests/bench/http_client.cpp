#include "tests/bench/http_client.hpp"

#include <strings.h>

#include <charconv>
#include <utility>

namespace troupe::bench {

std::string http_target::head(std::size_t body_bytes) const {
  return "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + key +
         "\r\nContent-Type: " + content_type + "\r\nContent-Length: " + std::to_string(body_bytes) +
         "\r\n\r\n";
}

std::uint64_t number_in(std::string_view json, std::string_view name) {
  auto at = json.find("\"" + std::string(name) + "\":");
  if (at == std::string_view::npos) return 0;
  at += name.size() + 3;
  std::uint64_t value = 0;
  std::from_chars(json.data() + at, json.data() + json.size(), value);
  return value;
}

class http_client::stream final : public byte_stream {
 public:
  stream(http_client& owner) : byte_stream(owner.loop_, owner.port_), owner_(owner) {}

 private:
  std::size_t received(std::string_view bytes) override {
    auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    auto head = bytes.substr(0, end + 2);
    http_answer a;
    std::from_chars(head.data() + 9, head.data() + 12, a.status);
    std::size_t length = 0;
    bool closes = false;
    for (auto at = head.find("\r\n") + 2; at < head.size();) {
      auto stop = head.find("\r\n", at);
      auto line = head.substr(at, stop - at);
      at = stop + 2;
      if (auto v = value_of(line, "content-length:"))
        std::from_chars(v->data(), v->data() + v->size(), length);
      else if (value_of(line, "retry-after:"))
        a.has_retry_after = true;
      else if (auto c = value_of(line, "connection:"))
        closes = c->starts_with("close");
    }
    if (bytes.size() < end + 4 + length) return 0;
    if (a.status == 100) return end + 4;
    a.body = bytes.substr(end + 4, length);
    if (closes) hang_up();
    owner_.finish(a);
    return end + 4 + length;
  }

  void closed() override { owner_.finish({}); }

  static std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
    if (line.size() < name.size() || strncasecmp(line.data(), name.data(), name.size()) != 0) return {};
    auto start = line.find_first_not_of(' ', name.size());
    return start == std::string_view::npos ? std::string_view() : line.substr(start);
  }

  http_client& owner_;
};

http_client::http_client(loop& on, std::uint16_t port) : loop_(on), port_(port) {}
http_client::~http_client() = default;

void http_client::send(std::string_view head, std::string_view body, answered done) {
  if (!stream_ || !stream_->is_open()) {
    ended_ = std::move(stream_);  // it may be what calls us
    stream_ = std::make_unique<stream>(*this);
  }
  waiting_ = std::move(done);
  if (body.size() < 16 * 1024) {
    stream_->write(std::string(head).append(body));
  } else {
    stream_->write(head);
    stream_->write(body);
  }
}

void http_client::finish(const http_answer& a) {
  if (auto done = std::exchange(waiting_, {})) done(a);
}

}  // namespace troupe::bench
