#include "node/ctl/output.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <boost/json.hpp>

namespace troupe::ctl {
namespace json = boost::json;
namespace {

std::string_view view(json::string_view s) { return {s.data(), s.size()}; }
json::string_view to_json(std::string_view s) { return {s.data(), s.size()}; }

const json::value* at_path(const json::value& row, std::string_view path) {
  const json::value* v = &row;
  while (!path.empty() && v) {
    auto dot = std::min(path.find('.'), path.size());
    v = v->is_object() ? v->as_object().if_contains(to_json(path.substr(0, dot))) : nullptr;
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return v;
}

std::string cell_of(const json::value* v) {
  if (!v || v->is_null()) return "-";
  std::string text;
  if (v->is_string()) {
    text = std::string(view(v->as_string()));
  } else if (v->is_array()) {
    for (const auto& item : v->as_array()) text += (text.empty() ? "" : ", ") + cell_of(&item);
  } else {
    text = json::serialize(*v);
  }
  // A name chosen by a client must not steer the terminal.
  for (auto& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  return text.empty() ? "-" : text;
}

// Code points, so that accents do not shift columns.
std::size_t width_of(std::string_view s) {
  return static_cast<std::size_t>(
      std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string coloured(const std::string& cell, colours use) {
  if (use == colours::off) return cell;
  for (auto good : {"ready", "active", "leader", "ok", "yes", "true"})
    if (cell == good) return "\x1b[32m" + cell + "\x1b[0m";
  for (auto bad : {"not ready", "closed", "error", "offline", "revoked"})
    if (cell == bad) return "\x1b[31m" + cell + "\x1b[0m";
  return cell;
}

void emit(YAML::Emitter& out, const json::value& v);

// A plain scalar would come back as another type or not at all: quote it.
bool needs_quotes(std::string_view s) {
  if (s.empty()) return true;
  bool digits_like = (s[0] >= '0' && s[0] <= '9') || s[0] == '-' || s[0] == '+' || s[0] == '.';
  auto odd = s.find_first_of("\n\t:#\"'{}[],&*?|<>=!%@`\\");
  for (auto word : {"true", "false", "null", "yes", "no", "on", "off", "~", "y", "n"})
    if (s.size() <= 5 && std::equal(s.begin(), s.end(), word, word + std::string_view(word).size(),
                                    [](char a, char b) { return std::tolower(a) == b; }))
      return true;
  return digits_like || odd != std::string_view::npos || s.front() == ' ' || s.back() == ' ';
}

void emit_text(YAML::Emitter& out, std::string_view s) {
  if (needs_quotes(s)) out << YAML::DoubleQuoted;
  out << std::string(s);
}

void emit(YAML::Emitter& out, const json::value& v) {
  switch (v.kind()) {
    case json::kind::object:
      if (v.as_object().empty()) out << YAML::Flow;
      out << YAML::BeginMap;
      for (const auto& member : v.as_object()) {
        out << YAML::Key;
        emit_text(out, view(member.key()));
        out << YAML::Value;
        emit(out, member.value());
      }
      out << YAML::EndMap;
      break;
    case json::kind::array:
      if (v.as_array().empty()) out << YAML::Flow;
      out << YAML::BeginSeq;
      for (const auto& item : v.as_array()) emit(out, item);
      out << YAML::EndSeq;
      break;
    case json::kind::string: emit_text(out, view(v.as_string())); break;
    case json::kind::null: out << YAML::Null; break;
    default: out << json::serialize(v);
  }
}

void pretty(const json::value& v, const std::string& indent, std::string& out) {
  auto list = [&](char open, char close, const auto& items, auto&& item) {
    if (items.empty()) {
      out += open;
      out += close;
      return;
    }
    out += open;
    bool first = true;
    for (const auto& i : items) {
      out += (first ? "\n" : ",\n") + indent + "  ";
      first = false;
      item(i);
    }
    out += "\n" + indent + close;
  };
  if (v.is_object()) {
    list('{', '}', v.as_object(), [&](const auto& member) {
      out += json::serialize(member.key()) + ": ";
      pretty(member.value(), indent + "  ", out);
    });
  } else if (v.is_array()) {
    list('[', ']', v.as_array(), [&](const auto& item) { pretty(item, indent + "  ", out); });
  } else {
    out += json::serialize(v);
  }
}

}  // namespace

std::string table_of(const json::value& rows, const std::vector<column>& columns, colours use) {
  std::vector<std::vector<std::string>> cells;
  if (columns.empty()) {
    for (const auto& member : rows.as_object())
      cells.push_back({std::string(view(member.key())), cell_of(&member.value())});
  } else {
    cells.emplace_back();
    for (const auto& c : columns) cells.back().emplace_back(c.header);
    for (const auto& row : rows.as_array()) {
      cells.emplace_back();
      for (const auto& c : columns) cells.back().push_back(cell_of(at_path(row, c.path)));
    }
  }
  std::vector<std::size_t> widths;
  for (const auto& row : cells)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i >= widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  std::string out;
  for (const auto& row : cells) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += coloured(row[i], use);
      if (i + 1 < row.size()) out += std::string(widths[i] - width_of(row[i]) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

std::string yaml_of(const json::value& v) {
  YAML::Emitter out;
  emit(out, v);
  return std::string(out.c_str()) + "\n";
}

std::string pretty_json(const json::value& v) {
  std::string out;
  pretty(v, "", out);
  return out + "\n";
}

void printer::show(const json::value& whole, const json::value& rows, const std::vector<column>& columns) {
  switch (format_) {
    case output_format::table: out_ << table_of(rows, columns, colours_); break;
    case output_format::json: out_ << pretty_json(whole); break;
    case output_format::yaml: out_ << yaml_of(whole); break;
  }
  out_.flush();
}

void printer::show_one(const json::value& item, const std::string& line) {
  switch (format_) {
    case output_format::table: out_ << line << '\n'; break;
    case output_format::json: out_ << json::serialize(item) << '\n'; break;
    case output_format::yaml: out_ << "---\n" << yaml_of(item); break;
  }
  out_.flush();
}

void printer::note(std::string_view text) {
  if (format_ == output_format::table) err_ << text << '\n';
}

void printer::error(const failure& f) {
  auto code = to_string(f.code);
  json::object inner{{"code", to_json(code)}, {"detail", to_json(f.detail)}};
  if (!f.field.empty()) inner["field"] = to_json(f.field);
  json::value whole(json::object{{"error", std::move(inner)}});
  switch (format_) {
    case output_format::table: err_ << "troupectl: " << f.detail << '\n'; break;
    case output_format::json: err_ << pretty_json(whole); break;
    case output_format::yaml: err_ << yaml_of(whole); break;
  }
  err_.flush();
}

}  // namespace troupe::ctl
