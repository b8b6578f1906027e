#include "node/membership_report.hpp"

#include <kj/exception.h>

#include <algorithm>

#include "protocol/message.hpp"

namespace troupe::node {
namespace {

std::string text(capnp::Text::Reader t) { return std::string(view_of(t)); }

std::vector<node_id> ids(capnp::List<std::uint64_t>::Reader in) {
  std::vector<node_id> out;
  for (auto id : in) out.emplace_back(id);
  return out;
}

template <class List>
void fill_ids(const std::vector<node_id>& from, List to) {
  for (unsigned i = 0; i < to.size(); ++i) to.set(i, from[i].value);
}

unsigned size_of(const auto& list) { return static_cast<unsigned>(list.size()); }

void write_status(const shard_report& s, schema::ShardStatus::Builder out) {
  out.setShard(s.shard.value);
  out.setRole(s.role);
  out.setTerm(s.term.value);
  out.setLeader(s.leader.value);
  fill_ids(s.voters, out.initVoters(size_of(s.voters)));
  out.setCommitIndex(s.commit);
  out.setAppliedIndex(s.applied);
  out.setLastIndex(s.last);
  out.setFirstIndex(s.first);
  out.setLastSeq(s.last_seq);
  out.setFault(s.fault);
  out.setGeneration(s.generation.value);
  out.setBytes(s.bytes);
  out.setDigestIndex(s.digest_index);
  out.setDigest(s.digest);
  out.setDigestMismatches(s.digest_mismatches);
}

struct writer {
  schema::MembershipMessage::Builder out;

  void operator()(const look& l) { out.setLook(l.map_version); }
  void operator()(const reported& r) {
    auto report = out.initReport();
    write_report(r.report, report);
    if (r.map) write_map(*r.map, report.initMap());
  }
  void operator()(const hand_over& h) {
    auto transfer = out.initTransfer();
    transfer.setShard(h.shard.value);
    transfer.setTo(h.to.value);
  }
  void operator()(const learn_shard& l) {
    auto learn = out.initLearn();
    learn.setShard(l.shard.value);
    learn.setGeneration(l.of.value);
    learn.setFrom(l.from.value);
  }
  void operator()(const obeyed&) { out.setDone(); }
  void operator()(const failure& f) {
    auto refused = out.initRefused();
    refused.setCode(static_cast<std::uint16_t>(f.code));
    refused.setDetail(f.detail);
    refused.setField(f.field);
    refused.setRetryAfterMs(static_cast<std::uint32_t>(f.retry_after.count()));
  }
};

}  // namespace

bool node_report::is_connected(node_id to) const {
  return to == node || std::find(connected.begin(), connected.end(), to) != connected.end();
}

const shard_report* node_report::of(shard_id shard) const {
  for (const auto& s : shards)
    if (s.shard == shard) return &s;
  return nullptr;
}

shard_report read_status(schema::ShardStatus::Reader in) {
  shard_report s;
  s.shard = shard_id(in.getShard());
  s.role = text(in.getRole());
  s.fault = text(in.getFault());
  s.generation = generation(in.getGeneration());
  s.voters = ids(in.getVoters());
  s.term = term(in.getTerm());
  s.leader = node_id(in.getLeader());
  s.commit = in.getCommitIndex();
  s.applied = in.getAppliedIndex();
  s.last = in.getLastIndex();
  s.first = in.getFirstIndex();
  s.last_seq = in.getLastSeq();
  s.bytes = in.getBytes();
  s.digest_index = in.getDigestIndex();
  s.digest = in.getDigest();
  s.digest_mismatches = in.getDigestMismatches();
  return s;
}

node_report read_report(schema::NodeReport::Reader in) {
  node_report r;
  r.node = node_id(in.getNode());
  r.version = text(in.getVersion());
  r.level = in.getLevel();
  r.started_us = in.getStartedUs();
  r.ready = in.getReady();
  for (auto p : in.getProblems()) r.problems.push_back(text(p));
  r.connected = ids(in.getConnected());
  for (auto s : in.getShards()) r.shards.push_back(read_status(s));
  r.resident_bytes = in.getResidentBytes();
  r.disk_free_bytes = in.getDiskFreeBytes();
  r.certificate_expires_us = in.getCertificateExpiresUs();
  r.map_version = in.getMapVersion();
  for (auto s : in.getMoving()) r.moving.emplace_back(s);
  for (auto m : in.getMarks())
    r.marks.push_back({node_id(m.getNode()), {m.getMark().getIndex(), m.getMark().getToken()}});
  return r;
}

void write_report(const node_report& r, schema::NodeReport::Builder out) {
  out.setNode(r.node.value);
  out.setVersion(r.version);
  out.setLevel(r.level);
  out.setStartedUs(r.started_us);
  out.setReady(r.ready);
  auto problems = out.initProblems(size_of(r.problems));
  for (unsigned i = 0; i < problems.size(); ++i) problems.set(i, r.problems[i]);
  fill_ids(r.connected, out.initConnected(size_of(r.connected)));
  auto shards = out.initShards(size_of(r.shards));
  for (unsigned i = 0; i < shards.size(); ++i) write_status(r.shards[i], shards[i]);
  out.setResidentBytes(r.resident_bytes);
  out.setDiskFreeBytes(r.disk_free_bytes);
  out.setCertificateExpiresUs(r.certificate_expires_us);
  out.setMapVersion(r.map_version);
  auto moving = out.initMoving(size_of(r.moving));
  for (unsigned i = 0; i < moving.size(); ++i) moving.set(i, r.moving[i].value);
  auto marks = out.initMarks(size_of(r.marks));
  for (unsigned i = 0; i < marks.size(); ++i) {
    marks[i].setNode(r.marks[i].node.value);
    auto mark = marks[i].initMark();
    mark.setIndex(r.marks[i].mark.index);
    mark.setToken(r.marks[i].mark.token);
  }
}

frame encode_membership(const membership_message& m) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::MembershipMessage>();
  out.setFrom(m.from.value);
  out.setTimeUs(m.time_us);
  std::visit(writer{out}, m.what);
  return frame::of(frame_kind::membership_message, to_bytes(message));
}

result<membership_message> decode_membership(const frame& f) {
  auto payload = f.open(frame_kind::membership_message);
  if (!payload) return payload.error();
  try {
    message_reader reader(*payload);
    auto in = reader.root<schema::MembershipMessage>();
    membership_message m{node_id(in.getFrom()), in.getTimeUs(), obeyed{}};
    switch (in.which()) {
      case schema::MembershipMessage::LOOK: m.what = look{in.getLook()}; return m;
      case schema::MembershipMessage::REPORT: {
        reported r{read_report(in.getReport()), std::nullopt};
        if (in.getReport().hasMap()) r.map = cluster::read_map(in.getReport().getMap());
        m.what = std::move(r);
        return m;
      }
      case schema::MembershipMessage::TRANSFER:
        m.what = hand_over{shard_id(in.getTransfer().getShard()), node_id(in.getTransfer().getTo())};
        return m;
      case schema::MembershipMessage::DONE: return m;
      case schema::MembershipMessage::LEARN: {
        auto learn = in.getLearn();
        m.what = learn_shard{shard_id(learn.getShard()), generation(learn.getGeneration()),
                             node_id(learn.getFrom())};
        return m;
      }
      case schema::MembershipMessage::REFUSED: {
        auto why = in.getRefused();
        m.what = failure{static_cast<errc>(why.getCode()), text(why.getDetail()),
                         std::chrono::milliseconds(why.getRetryAfterMs()), text(why.getField())};
        return m;
      }
    }
    return failure{errc::unsupported, "a message about membership of a kind unknown here"};
  } catch (const kj::Exception& e) {
    return failure{errc::corrupt,
                   std::string("a message about membership cannot be decoded: ") + e.getDescription().cStr()};
  }
}

}  // namespace troupe::node
