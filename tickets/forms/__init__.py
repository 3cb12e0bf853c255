"""Forms of feedback kinds (投诉 建议 咨询 举报 表扬): drafts, versions that never change, answers kept with a case."""
