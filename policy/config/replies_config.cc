// SPDX-License-Identifier: Apache-2.0
#include "policy/config/replies_config.h"

#include "policy/config/config.h"

namespace icm {

template <>
const std::vector<EnumName<ReplyEffect>>& enum_names<ReplyEffect>() {
  static const std::vector<EnumName<ReplyEffect>> names = {
      {ReplyEffect::suppress, "suppress"},
      {ReplyEffect::suspend, "suspend"},
      {ReplyEffect::slow_recipient, "slow_recipient"},
      {ReplyEffect::stop_template, "stop_template"},
      {ReplyEffect::hold_domain, "hold_domain"},
      {ReplyEffect::pause, "pause"},
      {ReplyEffect::slow, "slow"},
      {ReplyEffect::stop, "stop"}};
  return names;
}

}  // namespace icm
