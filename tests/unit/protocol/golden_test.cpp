// Every wire and disk type, filled in completely, against its file in tests/golden. A changed file is a format change.

#include <catch2/catch_test_macros.hpp>

#include "protocol/frame.hpp"
#include "protocol/key.hpp"
#include "protocol/records.hpp"
#include "protocol/rollup.hpp"
#include "protocol/schema/generation.capnp.h"
#include "protocol/schema/membership.capnp.h"
#include "protocol/schema/peer.capnp.h"
#include "protocol/schema/presence.capnp.h"
#include "protocol/schema/rollback.capnp.h"
#include "protocol/schema/route.capnp.h"
#include "protocol/schema/storage.capnp.h"
#include "protocol/schema/transfer.capnp.h"
#include "tests/support/golden.hpp"
#include "tests/support/memory_records.hpp"
#include "tests/support/sample_events.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

void fill_event(schema::Event::Builder e) {
  e.initId().setHigh(0x0123'4567'89ab'7defULL);
  e.getId().setLow(0x8fed'cba9'8765'4321ULL);
  e.setType(schema::EventType::CUSTOM);
  e.setCustomName("deploy");
  e.setTimeUs(1'700'000'000'000'001);
  e.setReceivedUs(1'700'000'000'000'002);
  e.setAgentId("agent");
  e.setSessionId("session");
  e.setUserId("user");
  e.setTeam("team");
  e.setTraceId("0af7651916cd43dd8448eb211c80319c");
  e.setSpanId("b7ad6b7169203331");
  e.setParentSpanId("00f067aa0ba902b7");
  e.setStatus(schema::EventStatus::ERROR);
  e.setError("it broke");
  e.setDurationUs(1234);
  e.setModel("model");
  e.setProvider("provider");
  token_counts{1, 2, 3, 4, 5}.write(e.initTokens());
  e.setCostNanoUsd(678);
  e.setCostSource(schema::CostSource::PRICED);
  e.setPriceVersion("2026-01");
  e.setTool("tool");
  e.setTier("tier");
  auto tiers = e.initLatencyByTier(2);
  tiers[0].setTier("tier");
  tiers[0].setLatencyUs(9);
  tiers[1].setTier("other");
  tiers[1].setLatencyUs(10);
  e.setQuery("query");
  e.setItemsRetrieved(11);
  e.setKnowledgeId("knowledge");
  e.setPeerAgentId("peer");
  e.setAttributes(R"({"k":1})");
  e.setOrg("org");
}

void fill_agent(schema::Agent::Builder a) {
  a.setId("agent");
  a.setOrg("org");
  a.setName("Name");
  a.setTeam("team");
  a.initTags(2).set(0, "t1");
  a.getTags().set(1, "t2");
  a.initCapabilities(1).set(0, "search");
  a.setMetadata(R"({"k":1})");
  a.setRegisteredUs(1);
  a.setUpdatedUs(2);
  a.setVersion(3);
  a.setDeclared(true);
}

void fill_activity(schema::AgentActivity::Builder a) {
  a.setLastActivityUs(1);
  a.setLeaseUntilUs(2);
  a.setReportedStatus("busy");
  a.setEvents(3);
  a.setErrors(4);
  token_counts{5, 6, 7, 8, 9}.write(a.initTokens());
  a.setCostNanoUsd(10);
  a.setPendingTasks(11);
  a.setClaimedTasks(12);
  a.setCompletedTasks(13);
  a.setFailedTasks(14);
}

void fill_task(schema::Task::Builder t) {
  t.setId("task");
  t.setAgentId("agent");
  t.setName("work");
  t.setStatus(schema::TaskStatus::CLAIMED);
  t.setPriority(-1);
  t.setInput("{}");
  t.setResult("[]");
  t.setError("error");
  t.setAttempt(2);
  t.setAttemptsMax(3);
  t.setClaimToken("token");
  t.setWorker("worker");
  t.setLeaseUntilUs(4);
  t.setCreatedUs(5);
  t.setUpdatedUs(6);
  t.setDeadlineUs(7);
}

void fill_api_key(schema::ApiKey::Builder k) {
  k.setId("key");
  k.setOrg("org");
  k.setName("ci");
  k.setRole(schema::Role::ADMIN);
  k.setSecretHash(data_of("0123456789abcdef0123456789abcdef"));
  k.setCreatedUs(1);
  k.setRevokedUs(2);
  k.setCreatedBy("admin");
}

rollup sample_rollup() {
  rollup r;
  r.count = 4;
  r.errors = 1;
  r.hits = 2;
  r.cost_nano_usd = 99;
  r.tokens = {1, 2, 3, 4, 5};
  for (auto us : {7, 7, 1000}) r.add_duration(us);
  return r;
}

void fill_refusal(schema::Refusal::Builder r) {
  r.setCode(static_cast<std::uint16_t>(errc::overloaded));
  r.setDetail("come back later");
  r.setField("field");
  r.setRetryAfterMs(100);
}

// One command of each kind.
template <class Fill>
std::string command(Fill body) {
  return encoded<schema::Command>([&](auto c) {
    c.setOrg("org");
    c.setPrincipal("key");
    c.setIdempotencyKey("once");
    c.setFingerprint(42);
    body(c.initBody());
  });
}

template <class Fill>
std::string reply(Fill fill) {
  return encoded<schema::Reply>([&](auto r) {
    r.setIndex(7);
    fill(r);
  });
}

template <class Fill>
std::string query(Fill fill) {
  return encoded<schema::Query>([&](auto q) {
    q.setOrg("org");
    fill(q);
  });
}

template <class Fill>
std::string answer(Fill fill) {
  return encoded<schema::QueryResult>([&](auto r) {
    r.setShard(3);
    r.setLastSeq(4);
    r.setEpoch(5);
    r.setReadIndex(6);
    r.setScannedToSeq(7);
    r.setScannedToTimeUs(8);
    r.setScannedToId("id");
    r.setMore(true);
    fill(r);
  });
}

// A sequence of encodings in one file, each with its length in front.
std::string joined(const std::vector<std::string>& parts) {
  mutations all;
  for (auto& part : parts) all.put(family::state, {}, part);
  return std::string(all.bytes());
}

}  // namespace

TEST_CASE("golden: the records on disk keep their bytes") {
  CHECK(golden("event", encoded<schema::Event>(fill_event)));
  CHECK(golden("agent", encoded<schema::Agent>(fill_agent)));
  CHECK(golden("agent_activity", encoded<schema::AgentActivity>(fill_activity)));
  CHECK(golden("task", encoded<schema::Task>(fill_task)));
  CHECK(golden("api_key", encoded<schema::ApiKey>(fill_api_key)));
  CHECK(golden("counters", encoded<schema::Counters>([](auto c) { c.setLastSeq(99); })));
  CHECK(golden("rollup", sample_rollup().encode()));
  CHECK(golden("outbox_record", encoded<schema::OutboxRecord>([](auto o) {
                 o.setDueUs(5);
                 o.setCommand(data_of("command"));
               })));
}

TEST_CASE("golden: commands keep their bytes") {
  auto one = [](auto b) { fill_event(b.initAppendEvents().initEvents(1)[0]); };
  CHECK(golden("command_append_events", command(one)));
  CHECK(golden(
      "command_others",
      joined({command([](auto b) { b.setNoop(); }), command([](auto b) {
                auto s = b.initRegisterAgent();
                s.setId("a"), s.setName("n"), s.setTeam("t"), s.setMetadata("{}");
                s.initTags(1).set(0, "x"), s.initCapabilities(1).set(0, "y");
              }),
              command([](auto b) {
                auto s = b.initUpdateAgent();
                s.setId("a"), s.setIfVersion(3), s.setSetName(true), s.setName("n"), s.setSetTeam(true);
                s.setTeam("t"), s.setSetTags(true), s.initTags(1).set(0, "x"), s.setSetCapabilities(true);
                s.initCapabilities(1).set(0, "y"), s.setSetMetadata(true), s.setMetadata("{}");
              }),
              command([](auto b) {
                auto s = b.initHeartbeat();
                s.setAgentId("a"), s.setLeaseMs(5), s.setStatus("busy");
              }),
              command([](auto b) {
                auto s = b.initCreateTask();
                s.setAgentId("a"), s.setId("t"), s.setName("n"), s.setInput("{}"), s.setPriority(-2);
                s.setAttemptsMax(3), s.setTimeoutMs(4);
              }),
              command([](auto b) {
                auto s = b.initClaimTask();
                s.setAgentId("a"), s.setTaskId("t"), s.setLeaseMs(5), s.setWorker("w");
              }),
              command([](auto b) {
                auto s = b.initCompleteTask();
                s.setAgentId("a"), s.setTaskId("t"), s.setClaimToken("c"), s.setResult("{}");
              }),
              command([](auto b) {
                auto s = b.initFailTask();
                s.setAgentId("a"), s.setTaskId("t"), s.setClaimToken("c"), s.setError("e"), s.setRetry(true);
              }),
              command([](auto b) {
                auto s = b.initExpireTask();
                s.setAgentId("a"), s.setTaskId("t"), s.setAttempt(2);
              }),
              command([](auto b) {
                auto s = b.initCreateApiKey();
                s.setId("k"), s.setName("n"), s.setRole(schema::Role::INGEST), s.setSecretHash(data_of("h"));
              }),
              command([](auto b) { b.initRevokeApiKey().setId("k"); }),
              command([](auto b) { b.setFireTimer(data_of("key")); })})));
}

TEST_CASE("golden: seals and generations keep their bytes") {
  auto change = [](schema::GenerationChange::Builder c) {
    c.setGeneration(2), c.setIndex(3), c.setTerm(4);
    auto voters = c.initVoters(2);
    voters.set(0, 5), voters.set(1, 6);
  };
  CHECK(golden("generation", joined({command([](auto b) {
                                       auto s = b.initSeal();
                                       s.setGeneration(2);
                                       auto voters = s.initVoters(2);
                                       voters.set(0, 5), voters.set(1, 6);
                                     }),
                                     encoded<schema::GenerationChange>(change),
                                     encoded<schema::GenerationMessage>([&](auto m) {
                                       m.setShard(1), m.setFrom(7);
                                       change(m.initBegan());
                                     }),
                                     encoded<schema::GenerationMessage>(
                                         [](auto m) { m.setShard(1), m.setFrom(7), m.setEntered(8); })})));
}

TEST_CASE("golden: the cluster's map and its commands keep their bytes") {
  auto facts = [](schema::NodeFacts::Builder f) {
    f.setId(1), f.setName("a"), f.setAddress("h:1"), f.setClientAddress("h:2"), f.setZone("z");
    f.setVersion("1.2.3"), f.setLevel(4);
  };
  auto fill_map = [](schema::ClusterMap::Builder m) {
    m.setVersion(1), m.setLevel(2), m.setFoundedUs(3);
    m.initSettings().setReplicas(5), m.getSettings().setRebalancing(schema::Rebalancing::PAUSED);
    auto n = m.initNodes(1)[0];
    n.setId(1), n.setName("a"), n.setState(schema::NodeState::DRAINING), n.setAddress("h:1");
    n.setClientAddress("h:2"), n.setZone("z"), n.setVersion("1.2.3"), n.setLevel(4), n.setAdmittedUs(5);
    n.setChangedUs(6), n.setRemoving(true), n.setSuccessor(7);
    auto i = m.initInvitations(1)[0];
    i.setId("i"), i.setSecretHash(data_of("hash")), i.setNodeId(8), i.setName("b"), i.setAddress("h:3");
    i.setCreatedUs(9), i.setExpiresUs(10), i.setUsedUs(11);
    auto s = m.initShards(1)[0];
    s.setShard(0), s.setGeneration(12), s.initVoters(1).set(0, 1), s.setSinceUs(13);
  };
  auto cluster = [](auto fill) { return command([&](auto b) { fill(b.initCluster()); }); };
  CHECK(golden("cluster",
               joined({cluster([&](auto c) { facts(c.initFound().initNode()), c.getFound().setShards(16); }),
                       cluster([](auto c) {
                         auto i = c.initInvite();
                         i.setId("i"), i.setSecretHash(data_of("hash")), i.setNodeId(8), i.setName("b");
                         i.setAddress("h:3"), i.setExpiresUs(10);
                       }),
                       cluster([&](auto c) {
                         auto a = c.initAdmit();
                         a.setInvitation("i"), a.setSecretHash(data_of("hash")), facts(a.initNode());
                       }),
                       cluster([&](auto c) { facts(c.initAnnounce()); }),
                       cluster([](auto c) { c.initDrain().setNode(1), c.getDrain().setCancel(true); }),
                       cluster([](auto c) { c.initRemove().setNode(1), c.getRemove().setSuccessor(2); }),
                       cluster([](auto c) {
                         auto p = c.initPlace();
                         p.setShard(1), p.setGeneration(2), p.initVoters(1).set(0, 3);
                       }),
                       cluster([](auto c) {
                         auto s = c.initChange();
                         s.setSetReplicas(true), s.setReplicas(3), s.setSetRebalancing(true);
                         s.setRebalancing(schema::Rebalancing::PAUSED);
                       }),
                       cluster([](auto c) { c.setRaiseLevel(2); }), query([](auto q) { q.setClusterMap(); }),
                       reply([&](auto r) { fill_map(r.initClusterMap()); }),
                       answer([&](auto r) { fill_map(r.initClusterMap()); })})));
  auto message = [](auto fill) {
    return encoded<schema::MembershipMessage>([&](auto m) {
      m.setFrom(1), m.setTimeUs(2);
      fill(m);
    });
  };
  CHECK(golden("membership",
               joined({message([](auto m) { m.setLook(3); }), message([&](auto m) {
                         auto r = m.initReport();
                         r.setNode(1), r.setVersion("1.2.3"), r.setLevel(4), r.setStartedUs(5),
                             r.setReady(true);
                         r.initProblems(1).set(0, "p"), r.initConnected(1).set(0, 6);
                         auto s = r.initShards(1)[0];
                         s.setShard(1), s.setRole("leader"), s.setTerm(2), s.setLeader(3);
                         s.initVoters(1).set(0, 4), s.setCommitIndex(5), s.setAppliedIndex(6);
                         s.setLastIndex(7), s.setFirstIndex(8), s.setLastSeq(9), s.setFault("f");
                         s.setGeneration(10), s.setBytes(11), s.setDigestIndex(12), s.setDigest(13);
                         s.setDigestMismatches(14);
                         r.setResidentBytes(7), r.setDiskFreeBytes(8), r.setCertificateExpiresUs(9);
                         r.setMapVersion(1), fill_map(r.initMap()), r.initMoving(1).set(0, 2);
                         auto seen = r.initMarks(1)[0];
                         seen.setNode(3), seen.initMark().setIndex(4), seen.getMark().setToken(5);
                       }),
                       message([](auto m) { m.initTransfer().setShard(1), m.getTransfer().setTo(2); }),
                       message([](auto m) {
                         auto l = m.initLearn();
                         l.setShard(1), l.setGeneration(2), l.setFrom(3);
                       }),
                       message([](auto m) { m.setDone(); }),
                       message([](auto m) { fill_refusal(m.initRefused()); })})));
}

TEST_CASE("golden: replies and feeds keep their bytes") {
  auto fill_state = [](schema::AgentState::Builder s) {
    fill_agent(s.initAgent());
    fill_activity(s.initActivity());
    s.setCreated(true);
  };
  CHECK(golden("reply", joined({reply([](auto r) { r.setDone(); }),
                                reply([](auto r) { fill_refusal(r.initRefused()); }), reply([](auto r) {
                                  auto e = r.initEventsAppended();
                                  e.setAccepted(1), e.setDuplicates(2), e.setLastSeq(3);
                                  auto x = e.initRejected(1)[0];
                                  x.setIndex(4), x.setError("why"), x.setField("f");
                                }),
                                reply([&](auto r) { fill_state(r.initAgent()); }),
                                reply([](auto r) { fill_task(r.initTask()); }),
                                reply([](auto r) { fill_api_key(r.initApiKey()); })})));
  auto fact = [](auto fill) {
    return encoded<schema::Fact>([&](auto f) {
      f.setOrg("org");
      fill(f);
    });
  };
  std::vector<std::string> facts = {fact([](auto f) {
                                      auto e = f.initEventsAppended();
                                      e.setFirstSeq(5);
                                      fill_event(e.initEvents(1)[0]);
                                    }),
                                    fact([&](auto f) { fill_state(f.initAgentChanged()); }),
                                    fact([](auto f) { fill_task(f.initTaskChanged()); }),
                                    fact([](auto f) { fill_api_key(f.initApiKeyChanged()); })};
  CHECK(golden("feed", encoded<schema::Feed>([&](auto f) {
                 f.setShard(1), f.setIndex(2), f.setEpoch(3), f.setLastSeq(4), f.setTimerUs(5);
                 auto list = f.initFacts(static_cast<unsigned>(facts.size()));
                 for (unsigned i = 0; i < list.size(); ++i) list.set(i, data_of(facts[i]));
               })));
}

TEST_CASE("golden: queries and their answers keep their bytes") {
  CHECK(golden(
      "query",
      joined({query([](auto q) { q.setPosition(); }),
              query([](auto q) { q.initGetEvent().setHigh(1), q.getGetEvent().setLow(2); }),
              query([](auto q) {
                auto l = q.initListEvents();
                auto f = l.initFilter();
                f.setAgentId("a"), f.setType("llm.call"), f.setTraceId("t"), f.setSessionId("s");
                f.setModel("m"), f.setTool("x"), f.setStatus("ok"), f.setTeam("r"), f.setText("q");
                f.setSinceUs(1), f.setUntilUs(2);
                f.setTier("redis"), f.setKnowledgeId("k"), f.setPeerAgentId("p");
                f.setUserId("u"), f.setProvider("openai");
                l.setLimit(3), l.setBeforeTimeUs(4), l.setBeforeSeq(5);
              }),
              query([](auto q) { q.setGetAgent("a"); }), query([](auto q) {
                auto l = q.initListAgents();
                l.setTeam("r"), l.setActiveSinceUs(1), l.setAfterId("a"), l.setLimit(2);
              }),
              query([](auto q) { q.initGetTask().setAgentId("a"), q.getGetTask().setTaskId("t"); }),
              query([](auto q) {
                auto l = q.initListTasks();
                l.setAgentId("a"), l.setStatus("pending"), l.setAfterId("t"), l.setLimit(2);
              }),
              query([](auto q) {
                auto l = q.initReadFeed();
                l.setAfterSeq(1), l.setLimit(2), l.setAgentId("a"), l.setTeam("r");
              }),
              query([](auto q) {
                auto l = q.initReadRollups();
                l.setResolution(schema::Resolution::DAY), l.setDimension(schema::Dimension::TIER);
                l.setKey("k"), l.setSinceUs(1), l.setUntilUs(2), l.setLimit(3), l.setFromKey("f");
              }),
              query([](auto q) { q.setListApiKeys(); }), query([](auto q) { q.setNextPendingTask("a"); }),
              query([](auto q) { q.setDueTimers(9); }), query([](auto q) { q.setStatus(); })})));
  CHECK(golden("query_result",
               joined({answer([](auto r) { r.setNothing(); }), answer([](auto r) { r.setPosition(); }),
                       answer([](auto r) {
                         auto e = r.initEvents(1)[0];
                         e.setSeq(9);
                         fill_event(e.initEvent());
                       }),
                       answer([](auto r) { fill_agent(r.initAgents(1)[0].initAgent()); }),
                       answer([](auto r) { fill_task(r.initTasks(1)[0]); }), answer([](auto r) {
                         auto i = r.initRollups(1)[0];
                         i.setTimeUs(1), i.setKey("k");
                         sample_rollup().write(i.initRollup());
                       }),
                       answer([](auto r) { fill_api_key(r.initApiKeys(1)[0]); }),
                       answer([](auto r) { fill_refusal(r.initRefused()); }), answer([](auto r) {
                         auto t = r.initDueTimers();
                         t.initKeys(1).set(0, data_of("key")), t.setNextUs(2);
                       })})));
}

TEST_CASE("golden: what a shard keeps about itself keeps its bytes") {
  CHECK(golden(
      "shard_state",
      joined({encoded<schema::HardState>([](auto s) { s.setTerm(1), s.setVote(2); }),
              encoded<schema::SnapshotState>([](auto s) {
                s.setIndex(1), s.setTerm(2), s.setFirstIndex(3), s.setGeneration(4);
                s.initVoters(1).set(0, 5);
              }),
              encoded<schema::AppliedState>([](auto s) { s.setIndex(1), s.setTerm(2), s.setStampUs(3); }),
              encoded<schema::LogHeader>([](auto s) { s.setTerm(1), s.setKind(2); }),
              encoded<schema::CachedReply>(
                  [](auto s) { s.setFingerprint(1), s.setExpiresUs(2), s.setReply(data_of("reply")); }),
              encoded<schema::SnapshotChunk>([](auto s) {
                auto r = s.initRecords(1)[0];
                r.setColumn(1), r.setKey(data_of("key")), r.setValue(data_of("value")), r.setKind(2),
                    s.setLast(true);
              })})));
}

TEST_CASE("golden: a data directory's marks keep their bytes") {
  CHECK(golden("rollback", encoded<schema::RollbackMark>([](auto m) { m.setIndex(1), m.setToken(2); })));
}

TEST_CASE("golden: what nodes say on their connections keeps its bytes") {
  auto hello = encoded<schema::PeerHello>([](auto h) {
    h.setWireMin(1), h.setWireMax(2), h.setCluster("cluster"), h.setNode(3), h.setTo(4), h.setIncarnation(5);
    h.setVersion("1.0"), h.setLevel(6), h.setName("name"), h.setZone("zone"), h.setAddress("a:1");
    h.setClientAddress("a:2"), h.setInvitation("invitation"), h.setSecret(data_of("secret"));
    h.initMark().setIndex(7), h.getMark().setToken(8), h.initSeen().setIndex(9), h.getSeen().setToken(10);
  });
  auto accepted = encoded<schema::PeerWelcome>([](auto w) {
    auto a = w.initAccepted();
    a.setWire(1), a.setNode(2), a.setIncarnation(3), a.setSession(4), a.setVersion("1.0"), a.setLevel(5);
    a.initMark().setIndex(6), a.getMark().setToken(7), a.initSeen().setIndex(8), a.getSeen().setToken(9);
  });
  auto refused = encoded<schema::PeerWelcome>([](auto w) {
    w.initRefused().setCode(8);
    w.getRefused().setDetail("why");
    w.getRefused().initSeen().setIndex(1), w.getRefused().getSeen().setToken(2);
  });
  auto packet = encoded<schema::PeerPacket>([](auto p) {
    p.setSession(1), p.setNumber(2), p.setArrived(3);
    p.initTaken(2).set(0, 4);
    auto f = p.initFrames(1)[0];
    f.setRole(schema::PeerFrameRole::QUESTION), f.setTraffic(1), f.setNumber(5), f.setData(data_of("frame"));
  });
  CHECK(golden("peer", joined({hello, accepted, refused, packet})));
}

TEST_CASE("golden: what routers say to each other keeps its bytes") {
  auto fill_place = [](schema::KnownPlace::Builder p) {
    p.setGeneration(1), p.setTerm(2), p.setLeader(3);
    p.initVoters(1).set(0, 4);
  };
  auto question = encoded<schema::ShardQuestion>([](auto q) {
    q.setShard(1), q.setKind(schema::RequestKind::READ), q.setWaitMs(2), q.setAgain(true), q.setRelays(3);
    q.setRequest(data_of("frame"));
  });
  auto answered = encoded<schema::ShardAnswer>([&](auto a) {
    a.setShard(1), a.setAnswer(data_of("frame"));
    fill_place(a.initPlace());
  });
  auto follows = encoded<schema::FeedMessage>([](auto m) {
    m.initQuestion().setShard(1);
    m.getQuestion().setSession(2);
  });
  auto fed = encoded<schema::FeedMessage>([&](auto m) {
    auto a = m.initAnswer();
    a.setShard(1), a.setSession(2), a.setIsLeading(true);
    a.initFeeds(1).set(0, data_of("feed"));
    fill_place(a.initPlace());
  });
  CHECK(golden("route", joined({question, answered, follows, fed})));
}

TEST_CASE("golden: what nodes tell of who is here keeps its bytes") {
  auto news = encoded<schema::PresenceNews>([](auto n) {
    n.setStream(1), n.setNumber(2);
    auto s = n.initCame(1)[0];
    s.setNumber(3), s.setTopic("topic"), s.setKey("key"), s.setMeta("{}");
    n.initGone(1).set(0, 4);
  });
  auto taken = encoded<schema::PresenceTaken>([](auto t) { t.setInStep(true); });
  CHECK(golden("presence", joined({news, taken})));
}

TEST_CASE("golden: how a state is asked for and given keeps its bytes") {
  auto question = encoded<schema::StateQuestion>([](auto q) {
    q.setShard(1), q.setGeneration(2), q.setIndex(3), q.setTerm(4), q.setSnapshot(5), q.setColumn(2);
    q.setKey(data_of("key")), q.setPurpose(1), q.setJournal(6), q.setPart(7);
  });
  auto given = encoded<schema::StateAnswer>([](auto a) {
    a.setChunk(data_of("chunk")), a.setSnapshot(1), a.setColumn(2), a.setKey(data_of("key"));
    a.setJournal(3), a.setPart(4);
  });
  auto refused = encoded<schema::StateAnswer>([](auto a) { a.setRefused("why"); });
  CHECK(golden("transfer", joined({question, given, refused})));
}

TEST_CASE("golden: frames and keys keep their bytes") {
  CHECK(golden("frame", frame::of(frame_kind::command, "payload").bytes));
  key_writer key(record_tag::task);
  key.text("org").text(std::string("a\0b\xff", 4)).u64(1).u64_descending(2).i64(-3).i64(4).u8(5);
  auto timer = timer_key(1'700'000'000'000'000, timer::task_lease).text("org").u64(2).str();
  CHECK(golden("keys", joined({key.str(), counters_key(), agent_key("org", "a"),
                               agent_activity_key("org", "a"), timer})));
}

TEST_CASE("golden: what the machines write keeps its bytes") {
  memory_shard shard;
  sample_event call{id_of(1)};
  call.model = "model";
  call.trace = "trace";
  call.tier = "fast";
  call.duration_us = 1500;
  call.latency_by_tier = {{"fast", 200}};
  call.tokens = {10, 20, 3, 4, 5};
  call.cost_nano_usd = 77;
  shard.run(append({call}));
  auto changes = std::string(shard.last.changes.bytes());
  shard.run([](auto b) {
    auto said = b.initCreateTask();
    said.setAgentId("agent-1"), said.setId("t"), said.setName("work"), said.setTimeoutMs(60'000);
  });
  changes += shard.last.changes.bytes();
  shard.run([](auto b) { b.initClaimTask().setAgentId("agent-1"), b.getClaimTask().setTaskId("t"); });
  changes += shard.last.changes.bytes();
  shard.run([](auto b) {
    auto said = b.initCreateApiKey();
    said.setId("k"), said.setName("ci"), said.setSecretHash(data_of(std::string(32, 'h')));
  });
  changes += shard.last.changes.bytes();
  CHECK(golden("machine_changes", changes));
}
