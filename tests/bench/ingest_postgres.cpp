// PostgreSQL: each client runs one prepared INSERT of 'batch' rows after the other, each its own transaction. The table
// has the fields of the sample events and indexes for what Troupe indexes: id, agent and time, trace, time.
#include <postgresql/libpq-fe.h>
#include <sys/epoll.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "tests/bench/events.hpp"
#include "tests/bench/ingest.hpp"
#include "tests/bench/loop.hpp"

namespace troupe::bench {

namespace {

constexpr int columns = 12;

void run(PGconn* on, const std::string& sql) {
  auto* result = PQexec(on, sql.c_str());
  auto status = PQresultStatus(result);
  PQclear(result);
  if (status != PGRES_COMMAND_OK) throw std::runtime_error(PQerrorMessage(on));
}

PGconn* open_connection(const std::string& to) {
  auto* on = PQconnectdb(to.c_str());
  if (PQstatus(on) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(on));
  return on;
}

void create_table(const std::string& to) {
  auto* on = open_connection(to);
  run(on, "SET client_min_messages = warning");
  run(on,
      "CREATE TABLE IF NOT EXISTS events (id uuid PRIMARY KEY, time timestamptz NOT NULL, type text NOT "
      "NULL, "
      "agent_id text NOT NULL, session_id text, trace_id uuid, span_id text, status text, duration_ms "
      "integer, "
      "model text, input_tokens integer, output_tokens integer, attributes jsonb, "
      "received_at timestamptz NOT NULL DEFAULT now())");
  run(on, "CREATE INDEX IF NOT EXISTS events_agent_time ON events (agent_id, time)");
  run(on, "CREATE INDEX IF NOT EXISTS events_trace ON events (trace_id)");
  run(on, "CREATE INDEX IF NOT EXISTS events_time ON events (time)");
  PQfinish(on);
}

std::string insert_statement(int rows) {
  std::string sql =
      "INSERT INTO events (id, time, type, agent_id, session_id, trace_id, span_id, status, duration_ms, "
      "model, "
      "input_tokens, output_tokens, attributes) VALUES ";
  for (int row = 0, n = 0; row < rows; ++row) {
    sql += row ? ",(" : "(";
    sql += "$" + std::to_string(n + 1) + "::uuid,to_timestamp($" + std::to_string(n + 2) +
           "::bigint / 1000.0),'llm.call'";
    for (int i = 3; i < columns; ++i) sql += ",$" + std::to_string(n + i);
    n += columns;
    sql += ",$" + std::to_string(n) + "::jsonb)";
  }
  return sql;
}

class postgres_sender final : public watcher {
 public:
  postgres_sender(loop& on, const ingest_plan& plan, std::uint64_t seed, measured_window& window)
      : plan_(plan), events_(seed), window_(window), on_(open_connection(plan.connection)) {
    auto* prepared = PQprepare(on_, "add", insert_statement(plan.batch).c_str(), 0, nullptr);
    auto status = PQresultStatus(prepared);
    PQclear(prepared);
    if (status != PGRES_COMMAND_OK) throw std::runtime_error(PQerrorMessage(on_));
    PQsetnonblocking(on_, 1);
    on.add(PQsocket(on_), *this, EPOLLIN);
  }
  ~postgres_sender() override { PQfinish(on_); }

  void insert() {
    texts_.resize(static_cast<std::size_t>(plan_.batch * columns));
    values_.resize(texts_.size());
    bytes_ = 0;
    sample_event e;
    for (std::size_t row = 0; row < static_cast<std::size_t>(plan_.batch); ++row) {
      events_.next(e);
      auto* t = &texts_[row * columns];
      t[0] = e.id, t[1] = std::to_string(e.time_ms), t[2] = e.agent_id, t[3] = e.session_id;
      t[4] = e.trace_id, t[5] = e.span_id, t[6] = "ok", t[7] = std::to_string(e.duration_ms);
      t[8] = e.model, t[9] = std::to_string(e.input_tokens), t[10] = std::to_string(e.output_tokens);
      t[11] = attributes_json(e);
    }
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      values_[i] = texts_[i].c_str();
      bytes_ += texts_[i].size();
    }
    sent_ns_ = now_ns();
    if (!PQsendQueryPrepared(on_, "add", static_cast<int>(values_.size()), values_.data(), nullptr, nullptr,
                             0))
      throw std::runtime_error(PQerrorMessage(on_));
    while (PQflush(on_) == 1) PQconsumeInput(on_);
  }

 private:
  void ready(std::uint32_t) override {
    if (!PQconsumeInput(on_)) throw std::runtime_error(PQerrorMessage(on_));
    while (!PQisBusy(on_)) {
      auto* result = PQgetResult(on_);
      if (!result) return insert();
      if (PQresultStatus(result) == PGRES_COMMAND_OK)
        window_.acknowledged(sent_ns_, static_cast<std::uint64_t>(plan_.batch), bytes_);
      else
        throw std::runtime_error(PQerrorMessage(on_));
      PQclear(result);
    }
  }

  const ingest_plan& plan_;
  event_source events_;
  measured_window& window_;
  PGconn* on_;
  std::vector<std::string> texts_;
  std::vector<const char*> values_;
  std::uint64_t bytes_ = 0;
  std::int64_t sent_ns_ = 0;
};

}  // namespace

ingest_count ingest_postgres(const ingest_plan& plan) {
  create_table(plan.connection);
  ingest_count count;
  loop events;
  measured_window window(plan, count);
  std::vector<std::unique_ptr<postgres_sender>> senders;
  auto seed = static_cast<std::uint64_t>(now_ns());
  for (int i = 0; i < plan.clients; ++i) {
    senders.push_back(
        std::make_unique<postgres_sender>(events, plan, seed + static_cast<std::uint64_t>(i), window));
    senders.back()->insert();
  }
  events.run(window.end_ns(), [&](std::int64_t now) { return window.turn(now); });
  window.close();
  return count;
}

}  // namespace troupe::bench
