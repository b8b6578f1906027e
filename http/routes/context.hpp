// What handlers work with, and the way from a request to a shard and back.
//
// Answers of actors come on the actors' threads; they are carried to the request's I/O thread before they are decoded.
#pragma once

#include <capnp/message.h>

#include <functional>
#include <string>
#include <vector>

#include "actors/runtime/client.hpp"
#include "http/auth/key_ring.hpp"
#include "http/ingest/pricing.hpp"
#include "http/server/core.hpp"
#include "http/server/dispatcher.hpp"
#include "http/server/io_thread.hpp"
#include "http/server/problem.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "protocol/schema/reply.capnp.h"

namespace troupe::http {

struct api_context {
  client& actors;
  server_core& core;
  key_ring& keys;
  const ingest::price_table* prices = nullptr;
};

std::int64_t now_us();

// A command with everything but its body: org, principal, Idempotency-Key and the fingerprint of the request.
class command_builder {
 public:
  explicit command_builder(const request& r);
  schema::Command::Body::Builder body() { return command_.getBody(); }
  std::string bytes() { return to_bytes(message_); }

 private:
  capnp::MallocMessageBuilder message_;
  schema::Command::Builder command_;
};

class query_builder {
 public:
  explicit query_builder(std::string_view org);
  schema::Query::Builder operator*() { return query_; }
  schema::Query::Builder* operator->() { return &query_; }
  std::string bytes() { return to_bytes(message_); }

 private:
  capnp::MallocMessageBuilder message_;
  schema::Query::Builder query_;
};

failure failure_of(schema::Refusal::Reader refused);

// Sends the command; a reply that is no refusal becomes the answer by 'ok', on the request's thread.
void run_command(api_context& api, responder back, shard_id shard, std::string command,
                 std::function<response(schema::Reply::Reader)> ok);
// Asks one shard.
void run_query(api_context& api, const request& r, responder back, shard_id shard, std::string query,
               std::function<response(schema::QueryResult::Reader)> ok);
// Asks several; 'ok' is called on the request's thread and answers by itself, at once or after asking again.
using results = std::vector<schema::QueryResult::Reader>;
void run_query_each(api_context& api, consistency level, responder back, std::vector<shard_id> shards,
                    std::string query, std::function<void(const results&)> ok);

// ?consistency=local, else linearizable.
consistency consistency_of(const request& r);
// Adds Troupe-Read-Index: "<shard>:<log index>, ..." and Troupe-Staleness-Ms, of the stalest of them.
void add_read_index(response& to, const results& from);

// Runs 'work' on this thread; what it throws becomes an answer.
void guarded(const responder& back, const std::function<void()>& work);

}  // namespace troupe::http
