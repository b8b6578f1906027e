#include "storage/shard_status.hpp"

#include "protocol/message.hpp"
#include "protocol/schema/query.capnp.h"

namespace troupe::storage {

std::string encode_status(const status_sources& of) {
  static constexpr const char* roles[] = {"follower", "candidate", "leader"};
  const auto& member = of.member;
  auto* replica = member.replica();
  capnp::MallocMessageBuilder message;
  auto result = message.initRoot<schema::QueryResult>();
  result.setShard(of.config.raft.shard.value);
  result.setEpoch(of.config.history.value);
  result.setLastSeq(replica ? replica->last_seq().value : 0);
  auto out = result.initStatus();
  out.setShard(of.config.raft.shard.value);
  out.setGeneration(member.current().value);
  auto voters = out.initVoters(static_cast<unsigned>(member.voters().size()));
  for (unsigned i = 0; i < voters.size(); ++i) voters.set(i, member.voters()[i].value);
  out.setRole(member.fault() ? "closed" : to_string(member.phase()).data());
  if (replica) {
    auto s = replica->status();
    if (!member.fault()) out.setRole(roles[static_cast<int>(s.role)]);
    out.setTerm(s.term.value);
    out.setLeader(s.leader.value);
    out.setCommitIndex(s.commit.value);
    out.setAppliedIndex(replica->applied().value);
    out.setLastIndex(s.last.value);
    out.setFirstIndex(s.first.value);
    out.setLastSeq(replica->last_seq().value);
    out.setBytes(of.bytes);
    out.setDigestIndex(of.digest.index().value);
    out.setDigest(of.digest.value());
  } else if (auto learnt = member.learning(); learnt && member.phase() == member_phase::vacant) {
    out.setRole("learning");
    out.setGeneration(learnt->of.value);
    out.setAppliedIndex(learnt->reached.value);
    out.setBytes(of.pulled);
  }
  if (member.fault()) out.setFault(member.fault()->detail);
  return to_bytes(message);
}

}  // namespace troupe::storage
