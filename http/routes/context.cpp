#include "http/routes/context.hpp"

#include <kj/exception.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "http/server/text.hpp"
#include "protocol/envelope.hpp"
#include "protocol/wall_clock.hpp"

namespace troupe::http {

std::int64_t now_us() { return steady_wall_us(); }

command_builder::command_builder(const request& r) : command_(message_.initRoot<schema::Command>()) {
  command_.setOrg(r.who.org);
  command_.setPrincipal(r.who.key_id);
  auto key = r.field("Idempotency-Key");
  if (key.empty()) return;
  command_.setIdempotencyKey(std::string(key));
  command_.setFingerprint(checksum64(concat({to_string(r.method), " ", r.where.path, "\n", r.body})));
}

query_builder::query_builder(std::string_view org) : query_(message_.initRoot<schema::Query>()) {
  query_.setOrg(std::string(org));
}

failure failure_of(schema::Refusal::Reader refused) {
  return {static_cast<errc>(refused.getCode()), std::string(view_of(refused.getDetail())),
          std::chrono::milliseconds(refused.getRetryAfterMs()), std::string(view_of(refused.getField()))};
}

void guarded(const responder& back, const std::function<void()>& work) {
  try {
    work();
  } catch (const kj::Exception& e) {
    spdlog::error("http: an answer of an actor cannot be read: {}", e.getDescription().cStr());
    back(problem_response(errc::internal, "An answer from within could not be read."));
  } catch (const std::exception& e) {
    spdlog::error("http: an answer cannot be made: {}", e.what());
    back(problem_response(errc::internal, "This is a defect of the server; it is in its log."));
  }
}

void run_command(api_context& api, responder back, shard_id shard, std::string command,
                 std::function<response(schema::Reply::Reader)> ok) {
  api.actors.command(shard, std::move(command), [back, ok = std::move(ok)](result<std::string> got) {
    back.home().post([back, ok, got = std::move(got)] {
      if (!got) return back(to_response(got.error()));
      guarded(back, [&] {
        message_reader reader(*got);
        auto reply = reader.root<schema::Reply>();
        back(reply.isRefused() ? to_response(failure_of(reply.getRefused())) : ok(reply));
      });
    });
  });
}

void run_query(api_context& api, const request& r, responder back, shard_id shard, std::string query,
               std::function<response(schema::QueryResult::Reader)> ok) {
  auto answered = [back, ok = std::move(ok)](result<std::string> got) {
    back.home().post([back, ok, got = std::move(got)] {
      if (!got) return back(to_response(got.error()));
      guarded(back, [&] {
        message_reader reader(*got);
        auto found = reader.root<schema::QueryResult>();
        if (found.isRefused()) return back(to_response(failure_of(found.getRefused())));
        auto answer = ok(found);
        add_read_index(answer, {found});
        back(std::move(answer));
      });
    });
  };
  api.actors.query(shard, std::move(query), consistency_of(r), std::move(answered));
}

void run_query_each(api_context& api, consistency level, responder back, std::vector<shard_id> shards,
                    std::string query, std::function<void(const results&)> ok) {
  auto answered = [back, ok = std::move(ok)](result<std::vector<std::string>> got) {
    back.home().post([back, ok, got = std::move(got)] {
      if (!got) return back(to_response(got.error()));
      guarded(back, [&] {
        std::vector<std::unique_ptr<message_reader>> readers;
        results found;
        for (const auto& bytes : *got) {
          readers.push_back(std::make_unique<message_reader>(bytes));
          found.push_back(readers.back()->root<schema::QueryResult>());
          if (found.back().isRefused()) {
            return back(to_response(failure_of(found.back().getRefused())));
          }
        }
        ok(found);
      });
    });
  };
  api.actors.query_each(std::move(shards), std::move(query), level, std::move(answered));
}

consistency consistency_of(const request& r) {
  return r.parameter("consistency") == "local" ? consistency::local : consistency::linearizable;
}

void add_read_index(response& to, const results& from) {
  std::string text;
  std::uint32_t stale_ms = 0;
  for (const auto& f : from) {
    stale_ms = std::max(stale_ms, f.getStaleMs());
    if (!text.empty()) text += ", ";
    text += std::to_string(f.getShard());
    text += ':';
    text += std::to_string(f.getReadIndex());
  }
  to.with("Troupe-Read-Index", text).with("Troupe-Staleness-Ms", std::to_string(stale_ms));
}

}  // namespace troupe::http
