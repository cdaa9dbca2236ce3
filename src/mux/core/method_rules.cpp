#include "mux/core/method_rules.hpp"

#include <algorithm>
#include <iterator>

#include "mcp/protocol.hpp"

namespace sidecar::mux {

namespace method = mcp::method;

const MethodRule* MethodRule::find(std::string_view name) {
  static constexpr MethodRule kRules[] = {
      {.method = method::kToolsCall, .feature = FeatureKind::kTasks},
      {.method = method::kToolsList, .feature = FeatureKind::kLists, .repeatable = true},
      {.method = method::kResourcesRead, .repeatable = true},
      {.method = method::kPromptsGet, .repeatable = true},
      {.method = method::kComplete, .repeatable = true},
      {.method = method::kPromptsList, .feature = FeatureKind::kLists, .repeatable = true},
      {.method = method::kResourcesList, .feature = FeatureKind::kLists, .repeatable = true},
      {.method = method::kResourceTemplatesList,
       .feature = FeatureKind::kLists,
       .repeatable = true},
      {.method = method::kInitialize, .feature = FeatureKind::kInitialize},
      {.method = method::kResourcesSubscribe,
       .feature = FeatureKind::kSubscriptions,
       .must_migrate = true},
      {.method = method::kResourcesUnsubscribe, .feature = FeatureKind::kSubscriptions},
      {.method = method::kSetLevel, .feature = FeatureKind::kLogLevels, .must_migrate = true},
      {.method = method::kTasksGet, .feature = FeatureKind::kTasks},
      {.method = method::kTasksResult, .feature = FeatureKind::kTasks},
      {.method = method::kTasksCancel, .feature = FeatureKind::kTasks},
      {.method = method::kTasksList, .feature = FeatureKind::kTasks},
  };
  const auto found = std::find_if(std::begin(kRules), std::end(kRules),
                                  [name](const MethodRule& rule) { return rule.method == name; });
  return found == std::end(kRules) ? nullptr : found;
}

}  // namespace sidecar::mux
