// What makes it safe to send a command again when nobody knows whether it took effect: it has an identity of its own, or
// doing it twice is the same as doing it once.
#pragma once

#include <string>
#include <string_view>

namespace troupe {

enum class repeatable : std::uint8_t {
  as_it_is,  // its key, its ids or its nature
  with_key,  // it needs one: see with_drawn_key
  never      // it cannot be decoded: whoever gets it says so
};

repeatable repeatable_of(std::string_view command);

// 32 random letters and digits.
std::string draw_text();

// The command with a key that nobody else has: 'drawn' is of draw_text().
std::string with_drawn_key(std::string_view command, std::string_view drawn);

}  // namespace troupe
