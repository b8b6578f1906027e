#include "http/edge.hpp"

#include <kj/exception.h>
#include <spdlog/spdlog.h>

#include "http/files/static_files.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/insight/limit_watch.hpp"
#include "http/live/live_routes.hpp"
#include "http/routes/all_routes.hpp"
#include "http/routes/bounded_client.hpp"
#include "http/routes/json_writer.hpp"
#include "http/routes/openapi.hpp"
#include "http/routes/records_json.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

constexpr auto early_wait_max = std::chrono::seconds(30);  // within the edge's deadline of handlers

// Asks the system shard for every key until it answers, and again when news of keys may have been missed. Outlives the
// edge while a question is open.
class key_loader : public std::enable_shared_from_this<key_loader> {
 public:
  key_loader(client& actors, key_ring& keys, std::shared_ptr<io_thread> home)
      : actors_(actors), keys_(keys), home_(std::move(home)), pause_(home_->context()) {}

  // On the home thread.
  void ask() {
    if (stopped_) return;
    query_builder query("");
    query->setListApiKeys();
    actors_.query(system_shard, query.bytes(), consistency::linearizable,
                  [self = shared_from_this()](result<std::string> got) {
                    auto* home = self->home_.get();
                    home->post([self, got = std::move(got)] { self->answered(got); });
                  });
  }
  void stop() {
    stopped_ = true;
    pause_.cancel();
  }

 private:
  void answered(const result<std::string>& got) {
    if (stopped_) return;
    if (got && take(*got)) return keys_.set_loaded();
    spdlog::debug("http: the keys cannot be loaded yet");
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
      if (!ec && !self->stopped_) self->ask();
    });
  }
  bool take(const std::string& bytes) {
    try {
      message_reader reader(bytes);
      auto found = reader.root<schema::QueryResult>();
      if (!found.isApiKeys()) return false;
      for (auto key : found.getApiKeys()) keys_.put(key);
      return true;
    } catch (const kj::Exception& e) {
      spdlog::error("http: the keys cannot be decoded: {}", e.getDescription().cStr());
      return false;
    }
  }

  client& actors_;
  key_ring& keys_;
  const std::shared_ptr<io_thread> home_;
  boost::asio::steady_timer pause_;
  bool stopped_ = false;
};

// Events a second since the last call.
class rate_meter {
 public:
  double read(std::uint64_t count) {
    auto now = std::chrono::steady_clock::now();
    double seconds = std::chrono::duration<double>(now - at_).count();
    double rate = seconds > 0 ? static_cast<double>(count - before_) / seconds : 0;
    at_ = now;
    before_ = count;
    return rate;
  }

 private:
  std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::now();
  std::uint64_t before_ = 0;
};

}  // namespace

struct edge::parts {
  parts(edge_config config, client& data, const ingest::price_table* prices, observer* watch,
        presence* others)
      : core(std::make_shared<server_core>(std::move(config))),
        keys(core->config.limits),
        files(core->config.web_root),
        listening(core),
        actors(data, listening.threads().front()),
        live(live_config(watch, others), actors, listening.threads()),
        early(
            listening.threads().front(), [this] { return is_ready(); }, early_wait_max),
        api{actors, *core, keys, prices ? prices : &ingest::price_table::built_in()},
        live_api{api, live, early} {
    core->watch = watch;
    limits = std::make_shared<limit_watch>(actors, listening.threads().front(), watch,
                                           [this](const std::string& org, std::string_view limit) {
                                             live.announce(org, "insight:tokens", "limit", limit);
                                           });
    std::vector<route> routes;
    add_event_routes(api, routes);
    add_agent_routes(api, routes);
    add_task_routes(api, routes);
    add_rollup_routes(api, routes);
    add_insight_routes(api, routes);
    add_dashboard_routes(api, routes);
    add_key_routes(api, routes);
    add_cluster_routes(api, routes);
    add_otlp_routes(api, routes);
    add_live_routes(live_api, routes);
    add_description(routes);
    app = std::make_unique<router>(
        *core, keys, std::move(routes),
        [this](const request_ptr& r, const responder& back) { back(files.answer(*r)); });
    core->app = app.get();
    keys.on_revoked([this](const std::string& id) { close_sockets_of(id); });
  }

  // /openapi.json describes itself too.
  void add_description(std::vector<route>& routes) {
    auto text = std::make_shared<std::string>();
    routes.push_back({verb::get,
                      "/openapi.json",
                      permission::open,
                      [text](const request_ptr&, const responder& back) {
                        response out = response::json({});
                        out.shared_body = text;
                        out.with("Cache-Control", "public, max-age=60");
                        back(std::move(out));
                      },
                      {"getOpenapi",
                       "Meta",
                       "This description",
                       "OpenAPI 3.1, made from the table of routes.",
                       {},
                       {},
                       {{200, "This document.", {{"application/json", R"({"type":"object"})", {}}}}}}});
    *text = openapi_json(routes, core->config.version);
  }

  hub_config live_config(observer* watch, presence* others) {
    hub_config out;
    out.others = others;
    out.write_agent = [](schema::AgentState::Reader a, std::string& to) {
      write_agent_json(a, now_us(), to);
    };
    out.write_figures = [this] { return figures(); };
    out.tokens_changed = [this](const std::string& org) { limits->changed(org); };
    out.key_changed = [this](schema::ApiKey::Reader k) { keys.put(k); };
    out.keys_missed = [this] { listening.threads().front()->post([again = loader] { again->ask(); }); };
    if (watch) out.feed_seen = [watch](std::string_view feed) { watch->feed_seen(feed); };
    return out;
  }

  bool is_ready() const { return keys.is_loaded() && live.is_ready(); }

  // On the hub's thread.
  std::string figures() {
    std::string out;
    object_writer w(out);
    w.text("node", core->config.node_name).text("version", core->config.version);
    auto rate = meter.read(core->stats.events_accepted);
    ingest::json::write_double(rate, w.name("events_per_second"));
    w.number("connections", static_cast<std::int64_t>(core->places->open()));
    w.number("websockets", static_cast<std::int64_t>(core->stats.websockets_open.load()));
    w.number("streams", static_cast<std::int64_t>(core->stats.streams_open.load()));
    w.number("in_flight_bytes", static_cast<std::int64_t>(core->budget.used()));
    w.end();
    return out;
  }

  void close_sockets_of(const std::string& key_id) {
    for (const auto& t : listening.threads()) {
      t->post([t = t.get(), key_id] { t->for_each([&key_id](connection& c) { c.key_revoked(key_id); }); });
    }
  }

  const std::shared_ptr<server_core> core;
  key_ring keys;
  static_files files;
  server listening;
  bounded_client actors;
  rate_meter meter;
  hub live;
  waiting_room early;
  api_context api;
  live_context live_api;
  std::unique_ptr<router> app;
  std::shared_ptr<key_loader> loader;  // from start() on; the feed's thread uses it
  std::shared_ptr<limit_watch> limits;
  bool is_stopped = false;
};

edge::edge(edge_config config, client& actors, const ingest::price_table* prices, observer* watch,
           presence* others)
    : parts_(std::make_unique<parts>(std::move(config), actors, prices, watch, others)) {}

edge::~edge() { stop(std::chrono::milliseconds(0)); }

void edge::prepare() {
  auto& p = *parts_;
  p.listening.prepare();
  auto home = p.listening.threads().front();
  p.loader = std::make_shared<key_loader>(p.actors, p.keys, home);
  p.live.start();  // before the keys are loaded: news of them that come meanwhile count
  home->post([loader = p.loader] { loader->ask(); });
  p.limits->start();
}

void edge::start() {
  if (!parts_->loader) prepare();
  parts_->listening.start();
}

server::ports edge::ports() const { return parts_->listening.listening(); }

bool edge::is_ready() const { return parts_->is_ready(); }

void edge::stop(std::chrono::milliseconds drain) {
  auto& p = *parts_;
  if (p.loader && !std::exchange(p.is_stopped, true))
    p.listening.threads().front()->post([loader = p.loader] { loader->stop(); });
  p.limits->stop();
  p.early.close();
  p.listening.stop(drain);
  p.core->bodies.stop();
  p.core->answers.stop();
  p.live.stop();
}

edge_stats edge::stats() const {
  auto out = parts_->core->stats.read();
  out.connections_open = parts_->core->places->open();
  out.in_flight_bytes = parts_->core->budget.used();
  out.writes = parts_->core->writes.stats();
  out.reads = parts_->core->reads.stats();
  return out;
}

}  // namespace troupe::http
