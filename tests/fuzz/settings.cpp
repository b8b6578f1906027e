// The settings file and the price table, which operators write by hand: read, or refused with a reason.
//
// The first byte of the input says which of the two the rest is.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "http/ingest/pricing.hpp"
#include "node/settings.hpp"
#include "node/toml_file.hpp"
#include "protocol/must.hpp"

using namespace troupe;

namespace {

void check_settings(std::string_view text) {
  static const int file = ::memfd_create("settings", MFD_CLOEXEC);
  must(::ftruncate(file, 0) == 0 && ::pwrite(file, text.data(), text.size(), 0) >= 0, "the file is written");
  auto read = node::read_settings_file("/proc/self/fd/" + std::to_string(file));
  if (!read) {
    must(!read.error().detail.empty(), "a refusal has a reason");
    return;
  }
  for (const auto& [name, value] : *read) must(node::find_setting(name) != nullptr, "only settings are read");
}

void check_prices(std::string_view text) {
  auto table = ingest::price_table::parse(text);
  if (!table) {
    must(!table.error().detail.empty(), "a refusal has a reason");
    return;
  }
  ingest::text_arena texts;
  for (auto model : {"m", "gpt-4o", "openai/gpt-4o", ""}) {
    ingest::event_draft event;
    event.has_tokens = true;
    event.tokens = {ingest::count_max, ingest::count_max, 5, 7, 1};
    event.provider = "openai";
    event.model = model;
    event.time_us = 1'700'000'000'000'000;
    table->price(event, texts);
    must(event.cost_nano_usd >= 0, "no price makes money");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0)
    check_settings(text);
  else
    check_prices(text);
  return 0;
}
