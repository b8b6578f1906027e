// Notices that a node's data directory was put back to an earlier state: a copy of the disk, a snapshot of the machine. What
// the node acknowledged and voted since is forgotten there, so that it must take part in nothing any more.
//
// A directory has a row of marks, each an index and a random token; another one is drawn at every start and now and then. The
// others remember the last mark that they saw. A directory that was put back is at a lower index than that or, where it
// went on from there, has another token at that index.
//
// - A mark is durable before anybody hears of it. What was seen is logged before anything of that node is answered.
// - Who was put back stays so: nothing makes up for what is forgotten.
// - Marks before the last marks_kept are gone: who has seen none since says nothing about them.
// - A copy made after the last mark is not noticed, nor is any by a node alone, or while nobody who knows is reached.
// Thread-safe. advance() waits for the disk.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "storage/kv.hpp"

namespace troupe::storage {

struct rollback_mark {
  std::uint64_t index = 0;  // 0: none
  std::uint64_t token = 0;

  bool operator==(const rollback_mark&) const = default;
};

struct seen_mark {
  node_id node;
  rollback_mark mark;

  bool operator==(const seen_mark&) const = default;
};

class rollback_guard {
 public:
  static constexpr std::uint64_t marks_kept = 65'536;

  // 'draw': random tokens.
  rollback_guard(kv& store, node_id self, std::function<std::uint64_t()> draw);

  // Called at most once, on the thread that heard it, with the verdict. Set before anybody is heard.
  void on_verdict(std::function<void(const std::string&)> tell) { tell_ = std::move(tell); }

  // --- this node

  rollback_mark own() const;
  // Draws another mark. Where that fails, the last one stays, and stays true.
  result<done> advance();
  // 'by' says that this is the last mark of this node that it knows.
  void heard_of_self(const rollback_mark& theirs, node_id by);
  // Why this node takes part in nothing, "data directory was put back ..."; empty: it was not, as far as anybody knows.
  std::string verdict() const;

  // --- the others

  rollback_mark seen(node_id node) const;
  // The last one of every node that is known, this one included, by node.
  std::vector<seen_mark> all() const;
  // A node was met at this mark, and is not behind: nothing speaks against it any more.
  void met(node_id node, const rollback_mark& mark);
  // Somebody else has seen it there.
  void heard(node_id node, const rollback_mark& mark);
  // The same of a node with this mark; empty: nothing is known against it.
  std::string objection(node_id node, const rollback_mark& mark);
  // Nodes that were refused because of that and have not come back better: with the words.
  std::vector<std::pair<node_id, std::string>> refused() const;
  // It begins anew with an empty directory, or has left the cluster.
  void forget(node_id node);

 private:
  bool raise_seen(node_id node, const rollback_mark& mark);
  void write_seen(node_id node);

  kv& store_;
  const node_id self_;
  const std::function<std::uint64_t()> draw_;
  std::function<void(const std::string&)> tell_;
  std::mutex advancing_, writing_;
  mutable std::mutex mutex_;
  rollback_mark own_;
  std::map<node_id, rollback_mark> seen_;
  std::map<node_id, std::string> refused_;
  std::string verdict_;
};

}  // namespace troupe::storage
