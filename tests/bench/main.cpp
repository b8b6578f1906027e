// bench: the load client. One measurement a call against a server that runs already; the orchestrator (run.py) starts
// the servers, takes the rounds in turn and does the sums.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <string>

#include "tests/bench/disk.hpp"
#include "tests/bench/fanout.hpp"
#include "tests/bench/idle.hpp"
#include "tests/bench/ingest.hpp"
#include "tests/bench/loop.hpp"
#include "tests/bench/overload.hpp"
#include "tests/bench/ready.hpp"
#include "tests/bench/report.hpp"

namespace {

using namespace troupe::bench;

void report_ingest(const ingest_count& c) {
  report()
      .number("events_per_second", static_cast<double>(c.events) / c.seconds)
      .number("bytes_per_second", static_cast<double>(c.bytes) / c.seconds)
      .number("events", static_cast<double>(c.events))
      .number("seconds", c.seconds)
      .number("server_cpu_seconds", c.server_cpu_seconds)
      .number("failures", static_cast<double>(c.failures))
      .times("batch", c.times)
      .print();
}

void add_ingest(CLI::App& app) {
  auto* verb = app.add_subcommand("ingest", "durable events a second, closed loop");
  auto* plan = new ingest_plan;  // lives as long as the program
  auto* into = new std::string("troupe");
  verb->add_option("--into", *into)
      ->check(CLI::IsMember({"troupe", "postgres", "redis", "etcd", "jetstream"}));
  verb->add_option("--clients", plan->clients);
  verb->add_option("--batch", plan->batch);
  verb->add_option("--agents", plan->agents);
  verb->add_option("--spread-hours", plan->spread_hours);
  verb->add_option("--warm", plan->warm_seconds);
  verb->add_option("--seconds", plan->seconds);
  verb->add_option("--events", plan->events, "no more than about so many, without the warm-up's");
  verb->add_option("--port", plan->ports);
  verb->add_option("--key", plan->key);
  verb->add_option("--body", plan->body)->check(CLI::IsMember({"ndjson", "ndjson-no-ids", "mixed", "otlp"}));
  verb->add_option("--connection", plan->connection);
  verb->add_option("--pid", plan->server_pids);
  verb->callback([=] {
    report_ingest(*into == "troupe"     ? ingest_troupe(*plan)
                  : *into == "postgres" ? ingest_postgres(*plan)
                  : *into == "redis"    ? ingest_redis(*plan)
                  : *into == "etcd"     ? ingest_etcd(*plan)
                                        : ingest_jetstream(*plan));
  });
}

void report_fanout(const fanout_count& c) {
  report()
      .number("deliveries_per_second", static_cast<double>(c.delivered) / c.seconds)
      .number("delivered", static_cast<double>(c.delivered))
      .number("published", static_cast<double>(c.published))
      .number("missing", static_cast<double>(c.missing))
      .number("refused", static_cast<double>(c.refused))
      .number("closed", static_cast<double>(c.closed))
      .number("seconds", c.seconds)
      .number("server_cpu_seconds", c.server_cpu_seconds)
      .times("late", c.times)
      .times("after_ack", c.after_acknowledgement)
      .print();
}

void add_fanout(CLI::App& app) {
  auto* verb = app.add_subcommand("fanout", "one publisher, many WebSocket readers");
  auto* plan = new fanout_plan;
  auto* server = new std::string("troupe");
  verb->add_option("--server", *server)->check(CLI::IsMember({"troupe", "nats", "ws", "socket.io"}));
  verb->add_option("--port", plan->to.port)->required();
  verb->add_option("--publish-port", plan->publish_port);
  verb->add_option("--key", plan->to.key);
  verb->add_option("--topic", plan->to.topic);
  verb->add_option("--sockets", plan->sockets);
  verb->add_option("--warm", plan->warm_seconds);
  verb->add_option("--seconds", plan->seconds);
  verb->add_option("--window", plan->window);
  verb->add_option("--in-flight", plan->in_flight);
  verb->add_option("--batch", plan->batch);
  verb->add_option("--rate", plan->per_second,
                   "messages a second, open loop; without it as fast as they arrive");
  verb->add_option("--pid", plan->server_pid);
  verb->callback([=] {
    plan->to.speaks = dialect_named(*server);
    report_fanout(run_fanout(*plan));
  });
}

void add_disk(CLI::App& app) {
  auto* verb = app.add_subcommand("disk", "what the disk can do");
  auto* folder = new std::string(".");
  auto* seconds = new double(1);
  verb->add_option("--folder", *folder);
  verb->add_option("--seconds", *seconds);
  verb->callback([=] {
    auto r = probe_disk(*folder, *seconds);
    report()
        .number("overwrites_per_second", r.overwrites_per_second)
        .number("appends_per_second", r.appends_per_second)
        .number("group_16k_bytes_per_second", r.group_16k_bytes_per_second)
        .number("group_1m_bytes_per_second", r.group_1m_bytes_per_second)
        .print();
  });
}

void add_overload(CLI::App& app) {
  auto* verb = app.add_subcommand("overload", "batches of events at a fixed pace, open loop");
  auto* plan = new overload_plan;
  verb->add_option("--port", plan->port)->required();
  verb->add_option("--key", plan->key);
  verb->add_option("--connections", plan->connections);
  verb->add_option("--batch", plan->batch);
  verb->add_option("--rate", plan->requests_per_second, "requests a second");
  verb->add_option("--warm", plan->warm_seconds);
  verb->add_option("--seconds", plan->seconds);
  verb->callback([=] {
    auto c = run_overload(*plan);
    report()
        .number("due", static_cast<double>(c.due))
        .number("sent", static_cast<double>(c.sent))
        .number("accepted", static_cast<double>(c.accepted))
        .number("refused", static_cast<double>(c.refused))
        .number("refused_badly", static_cast<double>(c.refused_badly))
        .number("accepted_events_per_second", static_cast<double>(c.accepted) * plan->batch / c.seconds)
        .times("accepted", c.accepted_times)
        .times("refused", c.refused_times)
        .print();
  });
}

void add_idle(CLI::App& app) {
  auto* verb = app.add_subcommand("idle", "holds sockets open until standard input has a line");
  auto* plan = new idle_plan;
  auto* server = new std::string("troupe");
  verb->add_option("--server", *server)->check(CLI::IsMember({"troupe", "troupe-bare", "ws", "mosquitto"}));
  verb->add_option("--port", plan->to.port)->required();
  verb->add_option("--key", plan->to.key);
  verb->add_option("--topic", plan->to.topic);
  verb->add_option("--sockets", plan->sockets);
  verb->add_option("--per-source", plan->per_source);
  verb->callback([=] {
    plan->mqtt = *server == "mosquitto";
    if (!plan->mqtt) plan->to.speaks = dialect_named(*server);
    hold_idle(*plan);
  });
}

void add_ready(CLI::App& app) {
  auto* verb = app.add_subcommand("ready", "starts a server and waits for its first good answer");
  auto* plan = new ready_plan;
  verb->add_option("--port", plan->port)->required();
  verb->add_option("--path", plan->path);
  verb->add_option("command", plan->command)->required();
  verb->callback([=] { report().number("ready_ms", time_to_ready(*plan)).print(); });
}

}  // namespace

int main(int count, char** arguments) {
  try {
    CLI::App app("bench: measures one server once");
    app.require_subcommand(1);
    raise_descriptor_limit();
    add_ingest(app);
    add_fanout(app);
    add_overload(app);
    add_idle(app);
    add_ready(app);
    add_disk(app);
    CLI11_PARSE(app, count, arguments);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench: %s\n", e.what());
    return 1;
  }
}
