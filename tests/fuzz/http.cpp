// An HTTP/1.1 connection as a whole: whatever bytes come, the session answers in order or closes; and however they are cut
// into pieces, it sees the same requests and gives the same answers.
#include "tests/fuzz/support/http_wire.hpp"

#include "http/ingest/json_text.hpp"
#include "http/server/problem.hpp"
#include "protocol/envelope.hpp"
#include "protocol/must.hpp"
#include "tests/fuzz/support/http_answers.hpp"

using namespace troupe;
using namespace troupe::http;

namespace {

// Answers each request with what was understood of it.
class echo final : public dispatcher {
 public:
  verdict admit(request& r) override {
    r.route = "/echo";
    verdict out;
    out.body_bytes_max = 512;
    out.run = &answer_;
    if (r.where.path == "/refused" && r.method != verb::head)
      out.refusal = problem_response(errc::forbidden, "No.");
    return out;
  }

 private:
  const handler answer_ = [](const request_ptr& r, responder back) {
    std::string text = "[\"" + std::string(to_string(r->method)) + "\"";
    for (const auto& s : r->where.segments) ingest::json::write_string(s, text += ',');
    for (const auto& [name, value] : r->where.query) {
      ingest::json::write_string(name, text += ',');
      ingest::json::write_string(value, text += ',');
    }
    for (auto name : {"Host", "Cookie", "Content-Type"})
      ingest::json::write_string(r->field(name), text += ',');
    ingest::json::write_string(r->body, text += ',');
    // So that answers can be read without knowing what was asked.
    back(r->method == verb::head ? response::empty() : response::json(text + "]"));
  };
};

std::shared_ptr<server_core> make_core() {
  static echo app;
  edge_config config;
  config.limits.head_bytes_max = 1024;
  config.limits.target_bytes_max = 256;
  auto core = std::make_shared<server_core>(std::move(config));
  core->app = &app;
  return core;
}

// What was understood, up to where the session gave up. How early it sees that bytes are no HTTP depends on the pace,
// and so which words it says it with, or whether the client has gone by then.
std::vector<std::string> understood(std::string_view bytes) {
  std::vector<std::string> out;
  for (auto& answer : fuzz::read_answers(bytes, fuzz::asked::with_bodies).whole) {
    if (answer.status >= 400 && answer.closes) break;
    out.push_back(std::to_string(answer.status) + ' ' + answer.body);
  }
  return out;
}

std::vector<std::string> answers(std::string_view bytes, std::uint64_t cuts) {
  static const auto core = make_core();
  static const auto home = std::make_shared<io_thread>(0, std::chrono::milliseconds(1000));
  fuzz::http_wire wire(core, home, surface::main);
  while (cuts != 0 && !bytes.empty()) {
    cuts = cuts * 0x5851'f42d'4c95'7f2dULL + 0x1405'7b7e'f767'814fULL;
    auto size = 1 + (cuts >> 60);
    wire.send(bytes.substr(0, size));
    bytes.remove_prefix(std::min<std::size_t>(size, bytes.size()));
  }
  wire.send(bytes);
  wire.finish();
  must(core->budget.used() == 0, "all memory is given back");
  must(wire.answers().empty() || wire.answers().starts_with("HTTP/1.1 "), "what comes back is HTTP");
  return understood(wire.answers());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  must(answers(bytes, 0) == answers(bytes, checksum64(bytes) | 1),
       "the pieces in which bytes come make no difference");
  return 0;
}
