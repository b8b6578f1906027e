#include "protocol/machine.hpp"

#include <cstring>

#include "protocol/message.hpp"

namespace troupe {

void mutations::add(mutation_kind kind, family f, std::string_view key, std::string_view value) {
  auto key_size = static_cast<std::uint32_t>(key.size());
  auto value_size = static_cast<std::uint32_t>(value.size());
  char header[10] = {static_cast<char>(kind), static_cast<char>(f)};
  std::memcpy(header + 2, &key_size, 4);
  std::memcpy(header + 6, &value_size, 4);
  bytes_.append(header, sizeof header).append(key).append(value);
}

std::uint32_t mutations::length_at(std::string_view at) {
  std::uint32_t n = 0;
  std::memcpy(&n, at.data(), 4);
  return n;
}

const machine* machine_set::of(schema::Command::Body::Which command) const {
  for (auto& m : machines)
    if (m->handles(command)) return m.get();
  return nullptr;
}

const query_handler* machine_set::of(schema::Query::Which query) const {
  for (auto& q : queries)
    if (q->handles(query)) return q.get();
  return nullptr;
}

namespace {

void fill(schema::Refusal::Builder refused, errc code, std::string_view detail, std::string_view field) {
  refused.setCode(static_cast<std::uint16_t>(code));
  set_text([&](unsigned n) { return refused.initDetail(n); }, detail);
  set_text([&](unsigned n) { return refused.initField(n); }, field);
}

}  // namespace

std::string refusal(errc code, std::string_view detail, std::string_view field) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<schema::Reply>().initRefused(), code, detail, field);
  return to_bytes(message);
}

void refuse(schema::QueryResult::Builder out, errc code, std::string_view detail, std::string_view field) {
  fill(out.initRefused(), code, detail, field);
}

std::string done_reply() {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::Reply>().setDone();
  return to_bytes(message);
}

}  // namespace troupe
