#include "actors/runtime/presence_message.hpp"

#include <kj/exception.h>

#include "protocol/message.hpp"
#include "protocol/schema/presence.capnp.h"

namespace troupe {

namespace {

// With its NUL: a std::string by itself would end there.
kj::StringPtr whole(const std::string& s) { return {s.data(), s.size()}; }

failure corrupt(const kj::Exception& e) {
  return {errc::corrupt,
          std::string("what a node tells of who is here cannot be decoded: ") + e.getDescription().cStr()};
}

}  // namespace

frame encode(const presence_message& m) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::PresenceNews>();
  out.setStream(m.stream);
  out.setNumber(m.number);
  auto came = out.initCame(static_cast<unsigned>(m.came.size()));
  for (unsigned i = 0; i < came.size(); ++i) {
    came[i].setNumber(m.came[i].number);
    came[i].setTopic(whole(m.came[i].topic));
    came[i].setKey(whole(m.came[i].key));
    came[i].setMeta(whole(m.came[i].meta));
  }
  auto gone = out.initGone(static_cast<unsigned>(m.gone.size()));
  for (unsigned i = 0; i < gone.size(); ++i) gone.set(i, m.gone[i]);
  return frame::of(frame_kind::presence_news, to_bytes(message));
}

result<presence_message> decode_presence_message(const frame& f) {
  auto payload = f.open(frame_kind::presence_news);
  if (!payload) return payload.error();
  try {
    message_reader reader(*payload);
    auto in = reader.root<schema::PresenceNews>();
    presence_message m{in.getStream(), in.getNumber(), {}, {}};
    for (auto s : in.getCame())
      m.came.push_back({s.getNumber(), std::string(view_of(s.getTopic())), std::string(view_of(s.getKey())),
                        std::string(view_of(s.getMeta()))});
    for (auto n : in.getGone()) m.gone.push_back(n);
    return m;
  } catch (const kj::Exception& e) {
    return corrupt(e);
  }
}

frame encode(presence_step taken) {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::PresenceTaken>().setInStep(taken == presence_step::in_step);
  return frame::of(frame_kind::presence_taken, to_bytes(message));
}

result<presence_step> decode_presence_step(const frame& f) {
  auto payload = f.open(frame_kind::presence_taken);
  if (!payload) return payload.error();
  try {
    message_reader reader(*payload);
    return reader.root<schema::PresenceTaken>().getInStep() ? presence_step::in_step
                                                            : presence_step::out_of_step;
  } catch (const kj::Exception& e) {
    return corrupt(e);
  }
}

}  // namespace troupe
