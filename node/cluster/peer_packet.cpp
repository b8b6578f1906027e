#include "node/cluster/peer_packet.hpp"

#include <cstring>

#include "protocol/flat_builder.hpp"
#include "protocol/schema/peer.capnp.h"

namespace troupe::node {
namespace {

template <class Fill>
frame sealed(frame_kind kind, std::size_t words, Fill fill) {
  flat_builder builder;
  fill(builder.start(words));
  return frame::of(kind, builder.bytes());
}

template <class Value, class Read>
result<Value> opened(const frame& f, frame_kind kind, Read read) {
  auto payload = f.open(kind);
  if (!payload) return payload.error();
  try {
    message_reader reader(*payload);
    return read(reader);
  } catch (const kj::Exception& e) {
    return failure{.code = errc::corrupt, .detail = e.getDescription().cStr()};
  }
}

void write_mark(const storage::rollback_mark& mark, schema::RollbackMark::Builder out) {
  out.setIndex(mark.index);
  out.setToken(mark.token);
}

storage::rollback_mark read_mark(schema::RollbackMark::Reader in) { return {in.getIndex(), in.getToken()}; }

std::string text_of(capnp::Text::Reader t) { return std::string(view_of(t)); }

}  // namespace

frame_kind kind_said(std::string_view bytes) {
  std::uint16_t kind = 0;
  if (bytes.size() >= envelope_bytes) std::memcpy(&kind, bytes.data(), sizeof kind);
  return static_cast<frame_kind>(kind);
}

frame to_frame(const peer_packet& p) {
  std::size_t words = 64;
  for (auto& f : p.frames) words += f.bytes.size() / sizeof(capnp::word) + 8;
  return sealed(frame_kind::peer_packet, words, [&](capnp::MessageBuilder& message) {
    auto out = message.initRoot<schema::PeerPacket>();
    out.setSession(p.session);
    out.setNumber(p.number);
    out.setArrived(p.arrived);
    auto frames = out.initFrames(static_cast<unsigned>(p.frames.size()));
    for (unsigned i = 0; i < frames.size(); ++i) {
      auto& from = p.frames[i];
      frames[i].setRole(static_cast<schema::PeerFrameRole>(from.role));
      frames[i].setTraffic(static_cast<std::uint8_t>(from.kind));
      frames[i].setNumber(from.number);
      if (!from.bytes.empty()) frames[i].setData(data_of(from.bytes));
    }
    if (p.taken == room{}) return;
    auto taken = out.initTaken(window_count);
    for (unsigned i = 0; i < window_count; ++i) taken.set(i, p.taken[i]);
  });
}

result<peer_packet> read_packet(const frame& f) {
  return opened<peer_packet>(f, frame_kind::peer_packet, [](message_reader& reader) -> result<peer_packet> {
    auto in = reader.root<schema::PeerPacket>();
    peer_packet p;
    p.session = in.getSession();
    p.number = in.getNumber();
    p.arrived = in.getArrived();
    auto taken = in.getTaken();
    for (unsigned i = 0; i < taken.size() && i < window_count; ++i) p.taken[i] = taken[i];
    for (auto from : in.getFrames()) {
      if (from.getRole() > schema::PeerFrameRole::ANSWER || from.getTraffic() >= traffic_kinds)
        return failure{errc::unsupported, "a frame in a role or a kind of traffic that is not known here"};
      p.frames.push_back({static_cast<frame_role>(from.getRole()), static_cast<traffic>(from.getTraffic()),
                          from.getNumber(), std::string(view_of(from.getData()))});
    }
    return p;
  });
}

frame to_frame(const peer_hello& h) {
  return sealed(frame_kind::peer_hello, 512, [&](capnp::MessageBuilder& message) {
    auto out = message.initRoot<schema::PeerHello>();
    out.setWireMin(h.wire_min);
    out.setWireMax(h.wire_max);
    out.setTo(h.to.value);
    out.setCluster(h.from.cluster);
    out.setNode(h.from.node.value);
    out.setIncarnation(h.from.incarnation);
    out.setVersion(h.from.version);
    out.setLevel(h.from.level);
    out.setName(h.from.name);
    out.setZone(h.from.zone);
    out.setAddress(h.from.address);
    out.setClientAddress(h.from.client_address);
    out.setInvitation(h.from.invitation);
    out.setSecret(data_of(h.from.secret));
    write_mark(h.mark, out.initMark());
    write_mark(h.seen, out.initSeen());
  });
}

result<peer_hello> read_hello(const frame& f) {
  return opened<peer_hello>(f, frame_kind::peer_hello, [](message_reader& reader) -> result<peer_hello> {
    auto in = reader.root<schema::PeerHello>();
    peer_hello h;
    h.wire_min = in.getWireMin();
    h.wire_max = in.getWireMax();
    h.to = node_id(in.getTo());
    h.from.cluster = text_of(in.getCluster());
    h.from.node = node_id(in.getNode());
    h.from.incarnation = in.getIncarnation();
    h.from.version = text_of(in.getVersion());
    h.from.level = in.getLevel();
    h.from.name = text_of(in.getName());
    h.from.zone = text_of(in.getZone());
    h.from.address = text_of(in.getAddress());
    h.from.client_address = text_of(in.getClientAddress());
    h.from.invitation = text_of(in.getInvitation());
    h.from.secret = std::string(view_of(in.getSecret()));
    h.mark = read_mark(in.getMark());
    h.seen = read_mark(in.getSeen());
    return h;
  });
}

frame to_frame(const peer_welcome& w) {
  return sealed(frame_kind::peer_welcome, 256, [&](capnp::MessageBuilder& message) {
    auto out = message.initRoot<schema::PeerWelcome>();
    if (w.refused != errc::none) {
      auto no = out.initRefused();
      no.setCode(static_cast<std::uint16_t>(w.refused));
      no.setDetail(w.detail);
      write_mark(w.seen, no.initSeen());
      return;
    }
    auto yes = out.initAccepted();
    yes.setWire(w.wire);
    yes.setNode(w.node.value);
    yes.setIncarnation(w.incarnation);
    yes.setSession(w.session);
    yes.setVersion(w.version);
    yes.setLevel(w.level);
    write_mark(w.mark, yes.initMark());
    write_mark(w.seen, yes.initSeen());
  });
}

result<peer_welcome> read_welcome(const frame& f) {
  return opened<peer_welcome>(f, frame_kind::peer_welcome,
                              [](message_reader& reader) -> result<peer_welcome> {
                                auto in = reader.root<schema::PeerWelcome>();
                                peer_welcome w;
                                if (in.isRefused()) {
                                  w.refused = static_cast<errc>(in.getRefused().getCode());
                                  if (w.refused == errc::none) w.refused = errc::internal;
                                  w.detail = text_of(in.getRefused().getDetail());
                                  w.seen = read_mark(in.getRefused().getSeen());
                                  return w;
                                }
                                auto yes = in.getAccepted();
                                w.wire = yes.getWire();
                                w.node = node_id(yes.getNode());
                                w.incarnation = yes.getIncarnation();
                                w.session = yes.getSession();
                                w.version = text_of(yes.getVersion());
                                w.level = yes.getLevel();
                                w.mark = read_mark(yes.getMark());
                                w.seen = read_mark(yes.getSeen());
                                return w;
                              });
}

}  // namespace troupe::node
