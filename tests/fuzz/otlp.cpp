// OTLP/HTTP bodies of the three signals, in protobuf and JSON: decoded or refused as a whole; what comes of them is within
// the bounds of events, the same each time, and the answers to it are valid in both forms.
//
// The first byte of the input says signal and form.
#include "http/ingest/otlp/otlp.hpp"

#include <google/protobuf/any.pb.h>

#include "protocol/must.hpp"
#include "tests/fuzz/support/memory_peak.hpp"
#include "tests/fuzz/support/parsed.hpp"

using namespace troupe;
namespace otlp = troupe::ingest::otlp;

namespace {

// An empty span is two bytes of protobuf: its message in memory and the event it becomes are several hundred.
constexpr std::size_t bytes_per_byte = 2000, bytes_free = 1024 * 1024;

void check_answers(otlp::signal what, otlp::wire form, std::int64_t rejected, std::string_view message) {
  auto partial = otlp::encode_response(what, rejected, message, form);
  auto error = otlp::encode_error(errc::invalid_argument, message, form);
  if (form == otlp::wire::json) {
    must(fuzz::is_json(partial) && fuzz::is_json(error), "an answer is JSON");
  } else {
    google::protobuf::Any any;  // of any message: it keeps fields that it does not know
    must(any.ParsePartialFromString(partial) || !partial.empty(), "an answer is protobuf");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size == 0) return 0;
  auto what = static_cast<otlp::signal>(data[0] % 3);
  auto form = data[0] / 3 % 2 == 0 ? otlp::wire::protobuf : otlp::wire::json;
  std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  body.shrink_to_fit();
  fuzz::memory_peak peak;
  auto batch = otlp::parse(what, body, form, fuzz::fixed_context());
  must(peak.bytes() <= bytes_free + bytes_per_byte * body.size(), "memory is in proportion to the body");
  if (!batch) {
    check_answers(what, form, 0, batch.error().detail);
    return 0;
  }
  auto again = otlp::parse(what, body, form, fuzz::fixed_context());
  must(again && fuzz::described(*again) == fuzz::described(*batch),
       "a repeated request gives the same events");
  check_answers(what, form, static_cast<std::int64_t>(batch->rejected.size()),
                otlp::summary_of(batch->rejected));
  fuzz::check_batch(std::move(*batch), fuzz::unknown_items);
  return 0;
}
