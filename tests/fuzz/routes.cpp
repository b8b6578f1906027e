// Requests to the API with a right key: each is answered, never with 500; an answer that says it is JSON is JSON; no
// command that an edge makes of a request halts a shard.
//
// The input is a row of requests with a byte 30 between them: "METHOD target", lines of fields, an empty line, the body.
// The first byte of the input says which listener they come to.
#include "http/files/static_files.hpp"
#include "http/ingest/pricing.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/routes/all_routes.hpp"
#include "protocol/must.hpp"
#include "tests/fuzz/support/http_answers.hpp"
#include "tests/fuzz/support/http_wire.hpp"
#include "tests/fuzz/support/inline_client.hpp"
#include "tests/fuzz/support/parsed.hpp"

using namespace troupe;
using namespace troupe::http;

namespace {

constexpr std::size_t requests_max = 12;
constexpr std::string_view key_text = "troupe_key_of_the_fuzzer_0123456789";

// Lets one key in, as an admin.
class one_key final : public authenticator {
 public:
  result<principal> authenticate(std::string_view key, const std::string&) override {
    if (key == key_text) return principal{"key-1", "default", "fuzzer", role::admin};
    return failure{errc::unauthenticated, "this key is not known"};
  }
};

struct api_under_test {
  api_under_test() {
    std::vector<route> routes;
    add_event_routes(api, routes);
    add_agent_routes(api, routes);
    add_task_routes(api, routes);
    add_rollup_routes(api, routes);
    add_insight_routes(api, routes);
    add_dashboard_routes(api, routes);
    add_key_routes(api, routes);
    add_otlp_routes(api, routes);
    app = std::make_unique<router>(
        *core, keys, std::move(routes),
        [this](const request_ptr& r, const responder& back) { back(files.answer(*r)); });
    core->app = app.get();
  }

  const std::shared_ptr<server_core> core = std::make_shared<server_core>(edge_config{});
  const std::shared_ptr<io_thread> home = std::make_shared<io_thread>(0, std::chrono::milliseconds(1000));
  fuzz::inline_client actors;
  one_key keys;
  key_ring ring{core->config.limits};
  static_files files{""};
  api_context api{actors, *core, ring, &ingest::price_table::built_in()};
  std::unique_ptr<router> app;
};

struct parts {
  std::string method, bytes;
};

// A request as it goes over the wire: what is taken from the input is what a client is free to choose.
parts request_of(std::string_view text) {
  auto head = text.substr(0, text.find("\n\n"));
  auto body = text.substr(std::min(text.size(), head.size() + 2));
  auto line = head.substr(0, head.find('\n'));
  head.remove_prefix(std::min(head.size(), line.size() + 1));
  parts out{std::string(line.substr(0, line.find(' '))), std::string(line) + " HTTP/1.1\r\nHost: h\r\n"};
  out.bytes.append("Authorization: Bearer ").append(key_text).append("\r\n");
  while (!head.empty()) {
    auto field = head.substr(0, head.find('\n'));
    head.remove_prefix(std::min(head.size(), field.size() + 1));
    out.bytes.append(field).append("\r\n");
  }
  out.bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  out.bytes.append(body);
  return out;
}

// The answers must be well-formed, and none a failure of the server.
void check_answers(std::string_view bytes, const std::string& method) {
  auto read = fuzz::read_answers(bytes, method == "HEAD" ? fuzz::asked::by_head : fuzz::asked::with_bodies);
  // What is refused before its method is known has a body.
  if (!read.sound && method == "HEAD") read = fuzz::read_answers(bytes, fuzz::asked::with_bodies);
  must(read.sound, "an answer is well-formed HTTP");
  for (auto& answer : read.whole) {
    if (answer.status == 500) std::fprintf(stderr, "%s\n", answer.body.c_str());
    must(answer.status != 500, "no request makes the server fail");
    if (answer.type.find("json") != std::string::npos && !answer.body.empty())
      must(fuzz::is_json(answer.body), "an answer that says it is JSON is JSON");
  }
}

void run(api_under_test& under, surface entry, std::string_view text) {
  auto made = request_of(text);
  fuzz::http_wire wire(under.core, under.home, entry);
  wire.send(made.bytes);
  while (under.actors.run()) wire.send({});
  wire.finish();
  check_answers(wire.answers(), made.method);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size == 0) return 0;
  static api_under_test under;
  under.actors.reset();
  auto entry = data[0] % 2 == 0 ? surface::main : surface::otlp;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (std::size_t n = 0; n < requests_max && !rest.empty(); ++n) {
    auto text = rest.substr(0, rest.find('\x1e'));
    rest.remove_prefix(std::min(rest.size(), text.size() + 1));
    run(under, entry, text);
  }
  must(under.core->budget.used() == 0, "all memory is given back");
  return 0;
}
