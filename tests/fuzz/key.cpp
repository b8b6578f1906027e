// Keys of records: any bytes are read without harm, what key_writer wrote is read back, and encoded tuples sort as the
// tuples do.
#include "protocol/key.hpp"

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <tuple>

#include "protocol/must.hpp"
#include "protocol/records.hpp"

using namespace troupe;

namespace {

using tuple = std::tuple<std::string, std::int64_t, std::string, std::uint64_t>;

std::string encoded(const tuple& t) {
  return key_writer(record_tag::task)
      .text(std::get<0>(t))
      .i64(std::get<1>(t))
      .text(std::get<2>(t))
      .u64(std::get<3>(t))
      .str();
}

void check_read(const tuple& t, const std::string& key) {
  key_reader in(key);
  must(in.tag() == record_tag::task, "the tag is read back");
  must(in.text() == std::get<0>(t), "a text is read back");
  must(in.i64() == std::get<1>(t), "a signed number is read back");
  must(in.text() == std::get<2>(t), "a second text is read back");
  must(in.u64() == std::get<3>(t) && in.ok(), "a number is read back");
}

tuple take(FuzzedDataProvider& input) {
  auto first = input.ConsumeRandomLengthString(12);
  auto number = input.ConsumeIntegral<std::int64_t>();
  auto second = input.ConsumeRandomLengthString(12);
  return {first, number, second, input.ConsumeIntegral<std::uint64_t>()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  std::string bytes(reinterpret_cast<const char*>(data), size);
  key_reader any(bytes);
  any.tag();
  any.text();
  any.i64();
  any.text();
  any.u64();
  any.u8();
  due_of_timer(bytes);
  auto end = prefix_end(bytes);
  must(end.empty() || (bytes < end && bytes + "\xff\xff" < end),
       "the end of a prefix is behind all that begin with it");

  FuzzedDataProvider input(data, size);
  auto a = take(input), b = take(input);
  auto key_a = encoded(a), key_b = encoded(b);
  check_read(a, key_a);
  check_read(b, key_b);
  must((a <=> b) == (key_a <=> key_b), "keys sort as what they encode");
  auto prefix = key_writer(record_tag::task).text(std::get<0>(a)).str();
  must(key_a.starts_with(prefix) && key_a < prefix_end(prefix), "a key is within its prefix");
  must(std::get<0>(b) == std::get<0>(a) || !key_b.starts_with(prefix), "no other key is");
  return 0;
}
