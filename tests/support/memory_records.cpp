#include "tests/support/memory_records.hpp"

#include "actors/machines.hpp"
#include "protocol/key.hpp"
#include "protocol/merged.hpp"

namespace troupe::testing {

std::optional<std::string> memory_records::get(family f, std::string_view key) const {
  auto& of = all(f);
  auto at = of.find(key);
  if (at == of.end()) return std::nullopt;
  return at->second;
}

void memory_records::scan(family f, std::string_view from, std::string_view to, const visitor& visit) const {
  auto& of = all(f);
  auto end = to.empty() ? of.end() : of.lower_bound(to);
  for (auto at = of.lower_bound(from); at != end; ++at)
    if (!visit(at->first, at->second)) return;
}

void memory_records::scan_down(family f, std::string_view from, std::string_view to,
                               const visitor& visit) const {
  auto& of = all(f);
  auto begin = of.lower_bound(from);
  auto at = to.empty() ? of.end() : of.lower_bound(to);
  while (at != begin) {
    --at;
    if (!visit(at->first, at->second)) return;
  }
}

void memory_records::apply(const mutations& changes, log_index at) {
  auto& history = records_[static_cast<std::size_t>(family::history)];
  changes.for_each([&](mutation_kind kind, family f, std::string_view key_view, std::string_view value) {
    auto& of = records_[static_cast<std::size_t>(f)];
    std::string key(key_view);
    switch (kind) {
      case mutation_kind::put_kept:
        if (of.count(key))
          history[key_writer(record_tag::history).text(key).u64_descending(at.value).str()] = of[key];
        [[fallthrough]];
      case mutation_kind::put: of[key] = value; break;
      case mutation_kind::erase: of.erase(key); break;
      case mutation_kind::merge:
        of[key] = merge_values(f, std::array<std::string_view, 2>{of[key], value}).value();
        break;
    }
  });
}

named_records::named_records(const memory_records& records, const read_set& keys) {
  for (auto& [f, key] : keys.keys()) records_[{f, key}] = records.get(f, key);
}

std::optional<std::string_view> named_records::get(family f, std::string_view key) const {
  auto at = records_.find({f, std::string(key)});
  if (at == records_.end()) throw machine_fault("a machine looked at a record that it had not named");
  auto& record = at->second;
  if (!record) return std::nullopt;
  return *record;
}

memory_shard::memory_shard() : machines_(make_machines()) {
  now.time_us = 1'700'000'000'000'000;
  now.level = 1;
}

owned<schema::Reply> memory_shard::run(const fill& body) {
  capnp::MallocMessageBuilder message;
  auto command = message.initRoot<schema::Command>();
  command.setOrg(org.c_str());
  command.setPrincipal("key-1");
  body(command.initBody());
  return run(to_bytes(message));
}

owned<schema::Reply> memory_shard::run(std::string_view bytes) {
  message_reader reader(bytes);
  auto command = reader.root<schema::Command>();
  now.index = log_index(now.index.value + 1);
  // Different for every entry, the same in every run.
  now.entropy_high = now.index.value * 0x9e37'79b9'7f4a'7c15ULL;
  now.entropy_low = ~now.entropy_high;
  auto* machine = machines_.of(command.getBody().which());
  if (!machine) throw machine_fault("no machine knows the command");
  read_set keys;
  machine->reads(command, now, keys);
  last = machine->apply(named_records(records, keys), command, now);
  records.apply(last.changes, now.index);
  return owned<schema::Reply>(last.reply);
}

owned<schema::Reply> memory_shard::fire(const std::string& timer_key) {
  auto bytes = records.get(family::outbox, timer_key);
  if (!bytes) throw machine_fault("there is no such timer");
  mutations gone;
  gone.erase(family::outbox, timer_key);
  records.apply(gone, now.index);
  return run(std::string(view_of(message_reader(*bytes).root<schema::OutboxRecord>().getCommand())));
}

owned<schema::QueryResult> memory_shard::query(const ask& question) const {
  capnp::MallocMessageBuilder asked, answered;
  auto query = asked.initRoot<schema::Query>();
  query.setOrg(org.c_str());
  question(query);
  auto* handler = machines_.of(query.which());
  if (!handler) throw machine_fault("no handler knows the query");
  handler->answer(records, query.asReader(), answered.initRoot<schema::QueryResult>());
  return owned<schema::QueryResult>(to_bytes(answered));
}

errc refused(const owned<schema::Reply>& reply) {
  return (*reply).isRefused() ? static_cast<errc>((*reply).getRefused().getCode()) : errc::none;
}

}  // namespace troupe::testing
