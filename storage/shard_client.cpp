#include "storage/shard_client.hpp"

#include <kj/exception.h>

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

template <class T>
result<std::string> payload(const frame& f, frame_kind kind) {
  auto opened = f.open(kind);
  if (!opened) return opened.error();
  try {
    message_reader reader(*opened);
    auto root = reader.root<T>();
    if (root.which() == T::REFUSED) {
      auto why = failure_in(root.getRefused());
      if (is_of_the_way(why.code)) return why;
    }
  } catch (const kj::Exception& e) {
    return failure{errc::corrupt, std::string("an answer cannot be decoded: ") + e.getDescription().cStr()};
  }
  return std::string(*opened);
}

}  // namespace

frame reply_of(const failure& f) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<schema::Reply>().initRefused(), f);
  return frame::of(frame_kind::reply, to_bytes(message));
}

frame query_result_of(const failure& f) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<schema::QueryResult>().initRefused(), f);
  return frame::of(frame_kind::query_result, to_bytes(message));
}

result<std::string> payload_of_reply(const frame& f) { return payload<schema::Reply>(f, frame_kind::reply); }

result<std::string> payload_of_query_result(const frame& f) {
  return payload<schema::QueryResult>(f, frame_kind::query_result);
}

}  // namespace troupe::storage
