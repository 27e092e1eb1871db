// SPDX-License-Identifier: Apache-2.0
//
// HeaderList keeps all octets in one string; fields are places in it.
#include "policy/message/header.h"

#include "policy/base/text.h"

namespace icm {

void HeaderList::add(std::string_view name, std::string_view value) {
  const std::size_t begin = octets_.size();
  octets_.append(name);
  const std::size_t value_begin = octets_.size();
  while (!value.empty()) {
    const std::size_t lf = value.find('\n');
    if (lf == std::string_view::npos) break;
    octets_.append(value, 0, lf);
    if (lf == 0 || value[lf - 1] != '\r') octets_ += '\r';
    octets_ += '\n';
    value.remove_prefix(lf + 1);
  }
  octets_.append(value);
  slots_.push_back({begin, name.size(), octets_.size() - value_begin});
}

HeaderField HeaderList::operator[](std::size_t index) const {
  const Slot& slot = slots_[index];
  const std::string_view octets = octets_;
  return {octets.substr(slot.begin, slot.name_size),
          octets.substr(slot.begin + slot.name_size, slot.value_size)};
}

std::size_t HeaderList::count(std::string_view name) const {
  std::size_t found = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    if (equal_ascii((*this)[i].name, name)) ++found;
  }
  return found;
}

std::optional<HeaderField> HeaderList::first(std::string_view name) const {
  for (std::size_t i = 0; i < size(); ++i) {
    const HeaderField field = (*this)[i];
    if (equal_ascii(field.name, name)) return field;
  }
  return std::nullopt;
}

std::vector<HeaderField> HeaderList::all(std::string_view name) const {
  std::vector<HeaderField> found;
  for (std::size_t i = 0; i < size(); ++i) {
    const HeaderField field = (*this)[i];
    if (equal_ascii(field.name, name)) found.push_back(field);
  }
  return found;
}

std::string HeaderList::text(std::string_view name) const {
  const auto field = first(name);
  if (!field) return {};
  return std::string(trim(unfold(field->value)));
}

}  // namespace icm
