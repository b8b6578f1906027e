#include "node/ops.hpp"

#include <pistache/endpoint.h>
#include <spdlog/spdlog.h>

#include <boost/json.hpp>
#include <chrono>

namespace troupe::node {
namespace {

namespace web = Pistache::Http;
namespace json = boost::json;

struct answer {
  web::Code code = web::Code::Ok;
  std::string type = "application/json";
  std::string body;
};

answer problem(web::Code code, std::string_view title, std::string_view detail) {
  json::object o{{"type", "about:blank"},
                 {"title", json::string_view(title.data(), title.size())},
                 {"status", static_cast<int>(code)},
                 {"detail", json::string_view(detail.data(), detail.size())}};
  return {code, "application/problem+json", json::serialize(o) + "\n"};
}

answer readiness(const std::vector<std::string>& problems) {
  json::array reasons(problems.begin(), problems.end());
  bool ready = problems.empty();
  json::object o{{"status", ready ? "ready" : "not ready"}, {"reasons", std::move(reasons)}};
  return {ready ? web::Code::Ok : web::Code::Service_Unavailable, "application/json",
          json::serialize(o) + "\n"};
}

answer route(const web::Request& request, const ops_sources& sources) {
  const auto& path = request.resource();
  if (path != "/metrics" && path != "/livez" && path != "/readyz")
    return problem(web::Code::Not_Found, "Not Found",
                   "This listener has /metrics, /livez and /readyz; the API is at http_listen");
  if (request.method() != web::Method::Get && request.method() != web::Method::Head)
    return problem(web::Code::Method_Not_Allowed, "Method Not Allowed", "Only GET and HEAD");
  if (path == "/livez") return {.body = "{\"status\":\"alive\"}\n"};
  if (path == "/readyz") return readiness(sources.problems());
  auto asked = request.query().get("aliases");
  auto with = asked && *asked == "no" ? ops_sources::aliases::without : ops_sources::aliases::with;
  return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = sources.metrics(with)};
}

// Pistache writes headers of its own types only, "raw" ones it drops: a type for any name and value.
class header : public web::Header::Header {
 public:
  header(const char* name, std::string value) : name_(name), value_(std::move(value)) {}
  const char* name() const override { return name_; }
  void write(std::ostream& out) const override { out << value_; }
#ifdef SAFE_HEADER_CAST
  uint64_t hash() const override { return web::Header::detail::hash(name_); }
#endif

 private:
  const char* name_;
  std::string value_;
};

class handler : public web::Handler {
 public:
  HTTP_PROTOTYPE(handler)
  explicit handler(std::shared_ptr<const ops_sources> sources) : sources_(std::move(sources)) {}

  void onRequest(const web::Request& request, web::ResponseWriter response) override {
    try {
      answer a;
      try {
        a = route(request, *sources_);
      } catch (const std::exception& e) {
        spdlog::error("the ops listener could not answer {}: {}", request.resource(), e.what());
        a = problem(web::Code::Internal_Server_Error, "Internal Server Error", "See the log");
      }
      auto set = [&](const char* name, const std::string& value) {
        response.headers().add(std::make_shared<header>(name, value));
      };
      // A body in the answer to HEAD would be read as the next answer: close after it.
      if (request.method() == web::Method::Head) {
        set("Connection", "close");
        a.body.clear();
      }
      if (a.code == web::Code::Method_Not_Allowed) set("Allow", "GET, HEAD");
      set("Content-Type", a.type);
      set("Cache-Control", "no-store");
      set("X-Content-Type-Options", "nosniff");
      response.send(a.code, a.body);
    } catch (const std::exception& e) {
      spdlog::debug("the ops listener lost a client: {}", e.what());
    }
  }

 private:
  std::shared_ptr<const ops_sources> sources_;
};

}  // namespace

struct ops_listener::endpoint {
  explicit endpoint(const Pistache::Address& a) : of(a) {}
  web::Endpoint of;
};

ops_listener::ops_listener() = default;

result<std::unique_ptr<ops_listener>> ops_listener::start(const listen_address& where, ops_sources sources) {
  try {
    std::unique_ptr<ops_listener> ops(new ops_listener);
    ops->endpoint_ = std::make_unique<endpoint>(
        Pistache::Address(where.host.find(':') == std::string::npos ? where.host : "[" + where.host + "]",
                          Pistache::Port(where.port)));
    auto& e = ops->endpoint_->of;
    e.init(web::Endpoint::options()
               .threads(1)
               .threadsName("ops")
               .flags(Pistache::Tcp::Options::ReuseAddr | Pistache::Tcp::Options::CloseOnExec |
                      Pistache::Tcp::Options::NoDelay)
               .maxRequestSize(16 * 1024)
               .maxResponseSize(8 * 1024 * 1024)
               .headerTimeout(std::chrono::seconds(5))
               .bodyTimeout(std::chrono::seconds(5)));
    e.setHandler(std::make_shared<handler>(std::make_shared<const ops_sources>(std::move(sources))));
    e.serveThreaded();
    ops->address_ = {where.host, static_cast<std::uint16_t>(e.getPort())};
    return ops;
  } catch (const std::exception& e) {
    return failure{.code = errc::unavailable,
                   .detail = "ops_listen: cannot listen on " + where.text() + ": " + e.what() +
                             ". Is another node running? Choose another address, or port 0"};
  }
}

ops_listener::~ops_listener() {
  try {
    if (endpoint_) endpoint_->of.shutdown();
  } catch (const std::exception& e) {
    spdlog::warn("the ops listener did not stop cleanly: {}", e.what());
  }
}

}  // namespace troupe::node
