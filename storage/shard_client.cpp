#include "storage/shard_client.hpp"

#include <kj/exception.h>

#include <optional>
#include <utility>

#include "protocol/message.hpp"
#include "protocol/schema/query.capnp.h"
#include "protocol/schema/reply.capnp.h"

namespace troupe::storage {

namespace {

bool is_of_the_way(errc code) {
  switch (code) {
    case errc::overloaded:
    case errc::unavailable:
    case errc::timed_out:
    case errc::no_space:
    case errc::in_flight:
    case errc::not_leader:
    case errc::corrupt:
    case errc::internal: return true;
    default: return false;
  }
}

void fill(schema::Refusal::Builder out, const failure& f) {
  out.setCode(static_cast<std::uint16_t>(f.code));
  out.setDetail(f.detail);
  out.setField(f.field);
  out.setRetryAfterMs(static_cast<std::uint32_t>(f.retry_after.count()));
}

failure failure_in(schema::Refusal::Reader in) {
  return {static_cast<errc>(in.getCode()), std::string(view_of(in.getDetail())),
          std::chrono::milliseconds(in.getRetryAfterMs()), std::string(view_of(in.getField()))};
}

// What is wrong with the way, if the answer says so.
template <class T>
std::optional<failure> failure_of_way(std::string_view answer) {
  try {
    message_reader reader(answer);
    auto root = reader.root<T>();
    if (root.which() == T::REFUSED) {
      auto why = failure_in(root.getRefused());
      if (is_of_the_way(why.code)) return why;
    }
  } catch (const kj::Exception& e) {
    return failure{errc::corrupt, std::string("an answer cannot be decoded: ") + e.getDescription().cStr()};
  }
  return std::nullopt;
}

template <class T>
result<std::string> payload(const frame& f, frame_kind kind) {
  auto opened = f.open(kind);
  if (!opened) return opened.error();
  if (auto wrong = failure_of_way<T>(*opened)) return *wrong;
  return std::string(*opened);
}

std::string encode_refusal(const failure& f) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<schema::Reply>().initRefused(), f);
  return to_bytes(message);
}

}  // namespace

local_call::~local_call() {
  answer(failure{errc::unavailable, "this node is stopping: send again", std::chrono::milliseconds(500)});
}

void local_call::answer(result<std::string> outcome) {
  if (answered_.exchange(true)) return;
  std::exchange(done_, nullptr)(std::move(outcome));
}

frame reply_of(const failure& f) { return frame::of(frame_kind::reply, encode_refusal(f)); }

frame query_result_of(const failure& f) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<schema::QueryResult>().initRefused(), f);
  return frame::of(frame_kind::query_result, to_bytes(message));
}

result<std::string> payload_of_reply(const frame& f) { return payload<schema::Reply>(f, frame_kind::reply); }

result<std::string> outcome_of_reply(result<std::string> reply) {
  if (!reply) return is_of_the_way(reply.error().code) ? reply : encode_refusal(reply.error());
  if (auto wrong = failure_of_way<schema::Reply>(*reply)) return *wrong;
  return reply;
}

result<std::string> payload_of_query_result(const frame& f) {
  return payload<schema::QueryResult>(f, frame_kind::query_result);
}

}  // namespace troupe::storage
