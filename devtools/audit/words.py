"""The Chinese words of the code audit report: checks, rules of the tools, why a marked line is all right. Data only."""

from typing import Final

TITLES: Final = {
    "ruff": "安全编码规则",
    "bandit": "静态安全分析",
    "house": "架构与安全写法",
    "secrets": "密钥与口令扫描",
    "dependencies": "后端依赖漏洞",
    "npm": "前端依赖漏洞",
    "schemathesis": "接口模糊测试",
    "crawl": "页面遍历与注入尝试",
    "stale": "研判记录核对",
}
METHODS: Final = {
    "ruff": "按 flake8-bandit 规则（S 类）检查全部 Python 源文件；个别不适用的规则连同理由写在项目配置中。",
    "bandit": "对随产品交付的全部程序包做抽象语法树分析，查找注入、弱算法、不安全的反序列化、命令执行等写法。",
    "house": "检查分层依赖、文件规模，以及通用工具不了解的安全写法：凭据须用恒定时间比较、对外访问须经统一出口、"
    "不得关闭 TLS 校验、模板不得关闭转义或内嵌脚本等。",
    "secrets": "对全部受版本管理的文件查找口令、令牌、私钥和高熵字符串。",
    "dependencies": "按锁定文件逐个核对后端依赖的公开漏洞。",
    "npm": "按锁定文件核对前端依赖的公开漏洞。",
    "schemathesis": "依据系统自身的 OpenAPI 文档，为每个接口生成合法与不合法的请求，带登录会话、签名和链路令牌发送，"
    "约三分之二的请求指向真实存在的记录，凡出现服务端错误（5xx）即记为问题。SOAP 接口按 WS-I Basic Profile 1.1 "
    "R1126 以 500 返回客户端错误说明（Fault），不计为服务端错误。",
    "crawl": "以每种岗位、患者和未登录者的身份打开全部能到达的页面，对每个查询参数、路径编号和每张表单逐一填入攻击串"
    "（脚本、SQL、模板、路径穿越、回车换行、超长和非法字符等）；之后再次打开全部页面，核对有无存储型脚本；"
    "并核对数据库的语句日志，确认没有任何攻击串成为 SQL 语句的一部分。同时检查每个应答的安全响应头与缓存控制。",
    "stale": "核对每一条研判是否仍有对应的提示；没有对应的研判须删除。",
}
RULES: Final = {
    "B101": "使用断言",
    "B105": "疑似硬编码口令",
    "B106": "疑似硬编码口令（参数）",
    "B107": "疑似硬编码口令（默认值）",
    "B108": "使用固定的临时目录",
    "B110": "忽略异常",
    "B303": "使用弱散列算法",
    "B310": "打开外来网址",
    "B311": "使用普通伪随机数",
    "B324": "使用弱散列算法",
    "B404": "引入子进程模块",
    "B405": "引入 XML 解析模块",
    "B406": "引入 XML 处理模块",
    "B603": "启动子进程",
    "B606": "启动进程",
    "B608": "拼接 SQL 语句",
    "B704": "声明为安全的标记文本",
    "SecretKeyword": "疑似口令的命名",
    "BasicAuthCredentials": "网址中的账号口令",
    "HexHighEntropyString": "十六进制高熵字符串",
    "Base64HighEntropyString": "高熵字符串",
    "PrivateKey": "私钥",
    "5xx": "服务端错误",
    "header": "缺少安全响应头",
    "cors": "允许其他网站读取",
    "cache": "页面可能被缓存",
    "crlf": "响应头注入",
    "trace": "暴露出错堆栈",
    "xss": "跨站脚本",
    "sql": "SQL 注入",
    "npm": "依赖存在公开漏洞",
    "house": "违反本系统约定",
    "stale": "研判已无对应提示",
}
MARKED: Final = {
    "B101": "断言只向类型检查说明前文已保证的条件，不承担校验；校验由入口处的模型和权限检查完成",
    "B105": "枚举名、动词名、字段名等标识，不是口令",
    "B303": "标准规定的标识算法（RFC 5280、RFC 6960），只用于命名，不作完整性保护",
    "B324": "标准规定的标识算法（RFC 5280、RFC 6960），只用于命名，不作完整性保护",
    "B608": "只拼接程序内写定的表名、列名、条件片段与参数占位符，外来的值一律作为参数传递；运行时以数据库语句日志复核",
    "B704": "内容为本系统模板的固定文字，或已经白名单清洗的富文本，变量部分仍自动转义",
}
"""Why a line with a `# noqa` of that rule is all right; the comment beside it names the particular ground."""
TOOLS: Final = {
    "ruff": ("ruff", "Python 静态检查"),
    "bandit": ("bandit", "Python 安全分析"),
    "house": ("house_rules", "本项目自编规则"),
    "secrets": ("detect-secrets", "密钥扫描"),
    "dependencies": ("pip-audit", "后端依赖漏洞核查"),
    "npm": ("npm audit", "前端依赖漏洞核查"),
    "schemathesis": ("schemathesis", "接口模糊测试"),
    "crawl": ("audit.crew", "本项目自编的页面遍历程序"),
}
